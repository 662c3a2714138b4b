/* Why: every header of mingw-w64 includes _mingw.h, and its own one sets user mode up and refuses other compilers than GCC's target.
 * Content: this project's. It defines the macros that the headers copied to ../../shared use, for Clang and kernel mode, and
 * selects Windows 10, since wdk-build leaves that to the WDK's headers. */
#pragma once

#ifndef _WIN64
#error "these headers describe the kernel of 64-bit Windows: compile for x86_64-pc-windows-msvc"
#endif

#ifdef _M_ARM64
/* mingw-w64's wdm.h and ntddk.h know 32-bit Arm only, and leave what is special about it to armddk.h (../armddk.h). */
#define _M_ARM 1
#endif

#define WINVER 0x0A00
#define _WIN32_WINNT 0x0A00
#define NTDDI_VERSION 0x0A000000

#define __LONG32 long
#define __MSABI_LONG(number) number##l
#define __C89_NAMELESS
#define __GNU_EXTENSION
#define __MINGW_EXTENSION

/* Anonymous members: Clang has them, so nothing needs a name. */
#define _ANONYMOUS_STRUCT
#define _ANONYMOUS_UNION
#define DUMMYSTRUCTNAME
#define DUMMYSTRUCTNAME2
#define DUMMYUNIONNAME
#define DUMMYUNIONNAME2
#define DUMMYUNIONNAME3
#define DUMMYUNIONNAME4
#define DUMMYUNIONNAME5
#define DUMMYUNIONNAME6

#include <corecrt.h>

/* Other names for mingw-w64's inline routines that the kernel exports: ../ntifs.h declares those. */
#ifdef _M_ARM64
#if __has_include(<inline_arm64.h>)
#include <inline_arm64.h>
#endif
#elif __has_include(<inline_x64.h>)
#include <inline_x64.h>
#endif
