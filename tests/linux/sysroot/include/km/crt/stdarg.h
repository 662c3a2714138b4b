/* Why: variable argument lists (DbgPrint and its kin). Clang's headers are not in the search path.
 * Content: this project's, from the C standard, by Clang's builtins. */
#pragma once

typedef char *va_list;
#define va_start(list, last) __builtin_va_start(list, last)
#define va_arg(list, type) __builtin_va_arg(list, type)
#define va_end(list) __builtin_va_end(list)
