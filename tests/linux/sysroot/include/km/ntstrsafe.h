/* Why: wdk-sys names ntstrsafe.h, and mingw-w64's wants user-mode headers.
 * Content: none. The WDK's consists of inline functions, which bindgen cannot bind. */
#pragma once
