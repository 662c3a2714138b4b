/* Why: the routines of the C library that ntoskrnl.exe exports; inline functions of wdm.h call some.
 * Content: this project's, from the C standard and Microsoft's public reference of the C runtime library. */
#pragma once
#include <corecrt.h>
#include <stdarg.h>

void *__cdecl memcpy(void *to, const void *from, size_t bytes);
void *__cdecl memmove(void *to, const void *from, size_t bytes);
void *__cdecl memset(void *to, int byte, size_t bytes);
int __cdecl memcmp(const void *left, const void *right, size_t bytes);
size_t __cdecl strlen(const char *text);
size_t __cdecl wcslen(const wchar_t *text);

char *__cdecl strcat(char *to, const char *from);
char *__cdecl strchr(const char *text, int character);
int __cdecl strcmp(const char *left, const char *right);
char *__cdecl strcpy(char *to, const char *from);
char *__cdecl strncat(char *to, const char *from, size_t count);
int __cdecl strncmp(const char *left, const char *right, size_t count);
char *__cdecl strncpy(char *to, const char *from, size_t count);
size_t __cdecl strnlen(const char *text, size_t count);
char *__cdecl strrchr(const char *text, int character);
size_t __cdecl strspn(const char *text, const char *characters);
char *__cdecl strstr(const char *text, const char *part);
int __cdecl _stricmp(const char *left, const char *right);
int __cdecl _strnicmp(const char *left, const char *right, size_t count);
char *__cdecl _strlwr(char *text);
char *__cdecl _strupr(char *text);

wchar_t *__cdecl wcscat(wchar_t *to, const wchar_t *from);
wchar_t *__cdecl wcschr(const wchar_t *text, wchar_t character);
int __cdecl wcscmp(const wchar_t *left, const wchar_t *right);
wchar_t *__cdecl wcscpy(wchar_t *to, const wchar_t *from);
wchar_t *__cdecl wcsncat(wchar_t *to, const wchar_t *from, size_t count);
int __cdecl wcsncmp(const wchar_t *left, const wchar_t *right, size_t count);
wchar_t *__cdecl wcsncpy(wchar_t *to, const wchar_t *from, size_t count);
size_t __cdecl wcsnlen(const wchar_t *text, size_t count);
wchar_t *__cdecl wcsrchr(const wchar_t *text, wchar_t character);
size_t __cdecl wcsspn(const wchar_t *text, const wchar_t *characters);
wchar_t *__cdecl wcsstr(const wchar_t *text, const wchar_t *part);
int __cdecl _wcsicmp(const wchar_t *left, const wchar_t *right);
int __cdecl _wcsnicmp(const wchar_t *left, const wchar_t *right, size_t count);
wchar_t *__cdecl _wcslwr(wchar_t *text);
wchar_t *__cdecl _wcsupr(wchar_t *text);

int __cdecl tolower(int character);
int __cdecl toupper(int character);
wint_t __cdecl towlower(wint_t character);
wint_t __cdecl towupper(wint_t character);
int __cdecl sprintf(char *to, const char *format, ...);
int __cdecl sprintf_s(char *to, size_t size, const char *format, ...);
int __cdecl _snprintf(char *to, size_t count, const char *format, ...);
int __cdecl swprintf(wchar_t *to, const wchar_t *format, ...);
int __cdecl swprintf_s(wchar_t *to, size_t size, const wchar_t *format, ...);
int __cdecl _snwprintf(wchar_t *to, size_t count, const wchar_t *format, ...);

int __cdecl isdigit(int character);
int __cdecl islower(int character);
int __cdecl isprint(int character);
int __cdecl isspace(int character);
int __cdecl isupper(int character);
int __cdecl isxdigit(int character);
void *__cdecl memchr(const void *in, int byte, size_t bytes);
char *__cdecl _strrev(char *text);
char *__cdecl _strset(char *text, int character);
char *__cdecl _strnset(char *text, int character, size_t count);
wchar_t *__cdecl _wcsrev(wchar_t *text);
wchar_t *__cdecl _wcsnset(wchar_t *text, wchar_t character, size_t count);
size_t __cdecl wcscspn(const wchar_t *text, const wchar_t *characters);

/* Those that are told how much room there is. */
errno_t __cdecl memcpy_s(void *to, rsize_t size, const void *from, rsize_t bytes);
errno_t __cdecl memmove_s(void *to, rsize_t size, const void *from, rsize_t bytes);
errno_t __cdecl strcat_s(char *to, rsize_t size, const char *from);
errno_t __cdecl strcpy_s(char *to, rsize_t size, const char *from);
errno_t __cdecl strncat_s(char *to, rsize_t size, const char *from, rsize_t count);
errno_t __cdecl strncpy_s(char *to, rsize_t size, const char *from, rsize_t count);
char *__cdecl strtok_s(char *text, const char *delimiters, char **rest);
errno_t __cdecl wcscat_s(wchar_t *to, rsize_t size, const wchar_t *from);
errno_t __cdecl wcscpy_s(wchar_t *to, rsize_t size, const wchar_t *from);
errno_t __cdecl wcsncat_s(wchar_t *to, rsize_t size, const wchar_t *from, rsize_t count);
errno_t __cdecl wcsncpy_s(wchar_t *to, rsize_t size, const wchar_t *from, rsize_t count);
int __cdecl _snprintf_s(char *to, size_t size, size_t count, const char *format, ...);
int __cdecl _snwprintf_s(wchar_t *to, size_t size, size_t count, const wchar_t *format, ...);
int __cdecl sscanf_s(const char *text, const char *format, ...);
int __cdecl swscanf_s(const wchar_t *text, const wchar_t *format, ...);
int __cdecl vsprintf(char *to, const char *format, va_list arguments);
int __cdecl vsprintf_s(char *to, size_t size, const char *format, va_list arguments);
int __cdecl vswprintf_s(wchar_t *to, size_t size, const wchar_t *format, va_list arguments);
int __cdecl _vsnprintf(char *to, size_t count, const char *format, va_list arguments);
int __cdecl _vsnprintf_s(char *to, size_t size, size_t count, const char *format, va_list arguments);
int __cdecl _vsnwprintf(wchar_t *to, size_t count, const wchar_t *format, va_list arguments);
int __cdecl _vsnwprintf_s(wchar_t *to, size_t size, size_t count, const wchar_t *format, va_list arguments);
