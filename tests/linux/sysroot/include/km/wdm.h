/* Why: mingw-w64's wdm.h does not know ARM64, and has inline routines that the kernel exports.
 * Content: none; everything else is mingw-w64's wdm.h, which comes next in the search path (../shared). */
#pragma once

#ifdef _M_ARM64
/* The only processors that it takes for 64-bit ones are this and AMD64; for others it packs IO_STACK_LOCATION. */
#define _IA64_
#endif
#include_next <wdm.h>
#ifdef _M_ARM64
#undef _IA64_
#endif
