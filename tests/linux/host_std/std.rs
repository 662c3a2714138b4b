//! The `std` that rustc.sh gives to two build dependencies, wdk-build and windows-strings, which
//! name `std::os::windows`: the host's own `std`, and under `os::windows` its Unix counterparts.
//!
//! Build scripts that link those crates also get here the Windows functions that the linker asks
//! for. wdk-build calls the registry ones, to look for an installed WDK: there is none. The others
//! belong to the error formatting of the `windows` crates, which nothing reaches on a Linux host.
#![no_std]
#![allow(non_snake_case)]

extern crate std as host;

pub use host::*;

pub mod os {
    pub use host::os::*;

    pub mod windows {
        pub mod fs {
            pub use host::os::unix::fs::symlink as symlink_file;
        }

        pub mod ffi {
            use host::ffi::{OsStr, OsString};
            use host::string::String;
            use host::vec::{self, Vec};

            pub trait OsStrExt {
                fn encode_wide(&self) -> vec::IntoIter<u16>;
            }

            impl OsStrExt for OsStr {
                fn encode_wide(&self) -> vec::IntoIter<u16> {
                    let wide: Vec<u16> = self.to_string_lossy().encode_utf16().collect();
                    wide.into_iter()
                }
            }

            pub trait OsStringExt {
                fn from_wide(wide: &[u16]) -> Self;
            }

            impl OsStringExt for OsString {
                fn from_wide(wide: &[u16]) -> Self {
                    String::from_utf16_lossy(wide).into()
                }
            }
        }
    }
}

/// Defines functions that ignore what they are given; the caller cleans the stack up.
macro_rules! answer {
    ($answer:expr, $($name:ident)*) => {$(
        // SAFETY: no other crate of a build script on Linux defines a Windows function.
        #[unsafe(no_mangle)]
        pub extern "system" fn $name() -> usize {
            $answer
        }
    )*};
}

const ERROR_FILE_NOT_FOUND: usize = 2;
answer!(ERROR_FILE_NOT_FOUND, RegCloseKey RegGetValueA RegOpenKeyExA);

answer!(0, FormatMessageW GetErrorInfo GetLastError GetProcessHeap HeapAlloc HeapFree LoadLibraryExA);
answer!(0, SetErrorInfo SysFreeString SysStringLen);
