/* Why: mingw-w64's ntdef.h includes ctype.h, and uses nothing of it.
 * Content: none. */
#pragma once
