/* Why: the memory routines that ntoskrnl.exe exports and inline functions of wdm.h call.
 * Content: this project's, from the C standard. */
#pragma once
#include <corecrt.h>

void *__cdecl memcpy(void *to, const void *from, size_t bytes);
void *__cdecl memmove(void *to, const void *from, size_t bytes);
void *__cdecl memset(void *to, int byte, size_t bytes);
int __cdecl memcmp(const void *left, const void *right, size_t bytes);
size_t __cdecl strlen(const char *text);
size_t __cdecl wcslen(const wchar_t *text);
