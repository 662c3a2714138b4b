/* Why: inline functions of mingw-w64's wdm.h, ntddk.h and ntifs.h call these compiler intrinsics, and Clang 16 and later
 * refuses an undeclared one. They are static so that bindgen takes none of them for a routine of the kernel.
 * Content: this project's, from Microsoft's public reference of compiler intrinsics. */
#pragma once
#include <corecrt.h>

static unsigned __int64 __readcr8(void);
static void __writecr8(unsigned __int64 irql);
static unsigned short __readgsword(unsigned long offset);
static unsigned __int64 __readgsqword(unsigned long offset);
static unsigned __int64 __umulh(unsigned __int64 left, unsigned __int64 right);

static void __stosb(unsigned char *to, unsigned char value, size_t count);
static void __stosq(unsigned __int64 *to, unsigned __int64 value, size_t count);
static void __movsb(unsigned char *to, const unsigned char *from, size_t count);
static void __movsw(unsigned short *to, const unsigned short *from, size_t count);
static void __movsd(unsigned long *to, const unsigned long *from, size_t count);

static unsigned char __inbyte(unsigned short port);
static unsigned short __inword(unsigned short port);
static unsigned long __indword(unsigned short port);
static void __inbytestring(unsigned short port, unsigned char *to, unsigned long count);
static void __inwordstring(unsigned short port, unsigned short *to, unsigned long count);
static void __indwordstring(unsigned short port, unsigned long *to, unsigned long count);
static void __outbyte(unsigned short port, unsigned char value);
static void __outword(unsigned short port, unsigned short value);
static void __outdword(unsigned short port, unsigned long value);
static void __outbytestring(unsigned short port, unsigned char *from, unsigned long count);
static void __outwordstring(unsigned short port, unsigned short *from, unsigned long count);
static void __outdwordstring(unsigned short port, unsigned long *from, unsigned long count);
