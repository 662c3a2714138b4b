/* Why: the type of a structured exception handler, named in declarations of wdm.h. mingw-w64's excpt.h is a user-mode header.
 * Content: this project's, from Microsoft's public reference of structured exception handling. */
#pragma once

struct _EXCEPTION_RECORD;
struct _CONTEXT;
struct _DISPATCHER_CONTEXT;

typedef enum _EXCEPTION_DISPOSITION {
  ExceptionContinueExecution,
  ExceptionContinueSearch,
  ExceptionNestedException,
  ExceptionCollidedUnwind
} EXCEPTION_DISPOSITION;
