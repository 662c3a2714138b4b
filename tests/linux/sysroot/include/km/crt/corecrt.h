/* Why: the types that the WDK's own corecrt.h defines. Clang's headers are not in the search path.
 * Content: this project's, from the C standard and the x64 ABI of Windows. */
#pragma once

typedef unsigned __int64 size_t;
typedef __int64 ptrdiff_t;
typedef __int64 intptr_t;
typedef unsigned __int64 uintptr_t;
typedef unsigned short wchar_t;
typedef unsigned short wint_t;
typedef unsigned short wctype_t;
typedef size_t rsize_t;
typedef int errno_t;

/* Keeps mingw-w64's headers from defining them again. */
#define _SIZE_T_DEFINED
#define _WCHAR_T_DEFINED

#define NULL ((void *)0)
#define offsetof(type, member) __builtin_offsetof(type, member)
