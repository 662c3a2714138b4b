/* Why: mingw-w64's ntdef.h gives Clang a FIELD_OFFSET that is not a constant expression, but ntifs.h declares arrays with it. Its
 * NTAPI means nothing on 64-bit Windows, and bindgen does not bind a routine's type that has it (DRIVER_DISPATCH).
 * Content: this project's; everything else is mingw-w64's ntdef.h, which comes next in the search path (../shared). */
#pragma once
#include <_mingw.h>
#include_next <ntdef.h>

#undef FIELD_OFFSET
#define FIELD_OFFSET(type, field) ((LONG)__builtin_offsetof(type, field))

#undef NTAPI
#define NTAPI
