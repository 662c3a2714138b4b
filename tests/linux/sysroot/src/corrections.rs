//! What mingw-w64's headers declare otherwise than Microsoft's, and what the tree says instead.
//!
//! Each correction is a replacement of text that occurs once. `tests/abi` compares the result with
//! facts from other sources, so it fails if a correction is missing or wrong.

use anyhow::{Result, bail};

/// A declaration, in mingw-w64's words and as Microsoft documents it.
struct Correction {
    /// The header, by its name in mingw-w64's directory.
    header: &'static str,
    /// The text of mingw-w64.
    from: &'static str,
    /// The text that takes its place.
    to: &'static str,
}

/// All corrections. Source: the public reference of each structure and routine (learn.microsoft.com);
/// for the alignment of `IRP` and `DEVICE_OBJECT`, which the reference leaves out, the WDK's wdm.h and the
/// size of `_DEVICE_OBJECT` in the public symbols of the kernel.
const CORRECTIONS: &[Correction] = &[
    Correction {
        header: "ddk/wdm.h",
        from: "typedef struct _IRP {",
        to: "typedef struct DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) _IRP {",
    },
    Correction {
        header: "ddk/wdm.h",
        from: "typedef struct _DEVICE_OBJECT {",
        to: "typedef struct DECLSPEC_ALIGN(MEMORY_ALLOCATION_ALIGNMENT) _DEVICE_OBJECT {",
    },
    // The name of a value to query. The other `PCWSTR Name` of the file is a parameter.
    Correction {
        header: "ddk/wdm.h",
        from: "  ULONG Flags;\n  PCWSTR Name;\n",
        to: "  ULONG Flags;\n  PWSTR Name;\n",
    },
    Correction {
        header: "evntprov.h",
        from: "    ULONG Size;\n    ULONG Reserved;\n  } EVENT_DATA_DESCRIPTOR,",
        to: "    ULONG Size;\n    union {\n      ULONG Reserved;\n      struct {\n        UCHAR Type;\n        \
             UCHAR Reserved1;\n        USHORT Reserved2;\n      };\n    };\n  } EVENT_DATA_DESCRIPTOR,",
    },
    // A priority, or'd with flags that are none.
    Correction {
        header: "ddk/wdm.h",
        from: "MmMapLockedPagesSpecifyCache(\n  IN PMDLX MemoryDescriptorList,\n  IN KPROCESSOR_MODE AccessMode,\n  \
               IN MEMORY_CACHING_TYPE CacheType,\n  IN PVOID BaseAddress OPTIONAL,\n  IN ULONG BugCheckOnFailure,\n  \
               IN MM_PAGE_PRIORITY Priority);",
        to: "MmMapLockedPagesSpecifyCache(\n  IN PMDLX MemoryDescriptorList,\n  IN KPROCESSOR_MODE AccessMode,\n  \
             IN MEMORY_CACHING_TYPE CacheType,\n  IN PVOID BaseAddress OPTIONAL,\n  IN ULONG BugCheckOnFailure,\n  \
             IN ULONG Priority);",
    },
    // Opaque to drivers; a thread is what KeGetCurrentThread returns.
    Correction {
        header: "ddk/wdm.h",
        from: "typedef struct _EPROCESS *PEPROCESS;",
        to: "typedef struct _KPROCESS *PEPROCESS;",
    },
    Correction {
        header: "ddk/wdm.h",
        from: "typedef struct _ETHREAD *PETHREAD;",
        to: "typedef struct _KTHREAD *PETHREAD;",
    },
    Correction {
        header: "ddk/wdm.h",
        from: "RtlGUIDFromString(\n  IN PUNICODE_STRING GuidString,",
        to: "RtlGUIDFromString(\n  IN PCUNICODE_STRING GuidString,",
    },
    // `const PSTRING` is a constant pointer to what may be written.
    Correction {
        header: "ddk/ntddk.h",
        from: "RtlCompareString(\n  IN const PSTRING String1,\n  IN const PSTRING String2,",
        to: "RtlCompareString(\n  IN const STRING *String1,\n  IN const STRING *String2,",
    },
    Correction {
        header: "ddk/ntddk.h",
        from: "RtlEqualString(\n  IN const PSTRING String1,\n  IN const PSTRING String2,",
        to: "RtlEqualString(\n  IN const STRING *String1,\n  IN const STRING *String2,",
    },
    Correction {
        header: "ddk/ntddk.h",
        from: "  OUT PSTRING DestinationString,\n  IN const PSTRING SourceString OPTIONAL);",
        to: "  OUT PSTRING DestinationString,\n  IN const STRING *SourceString OPTIONAL);",
    },
    Correction {
        header: "ddk/ntddk.h",
        from: "  IN OUT PSTRING  DestinationString,\n  IN const PSTRING  SourceString);",
        to: "  IN OUT PSTRING  DestinationString,\n  IN const STRING *SourceString);",
    },
    Correction {
        header: "ddk/ntddk.h",
        from: "RtlMapGenericMask(\n  IN OUT PACCESS_MASK AccessMask,\n  IN PGENERIC_MAPPING GenericMapping);",
        to: "RtlMapGenericMask(\n  IN OUT PACCESS_MASK AccessMask,\n  IN const GENERIC_MAPPING *GenericMapping);",
    },
];

/// The content of `header`, corrected. A header that has the right text already is left alone.
///
/// # Errors
///
/// A text to replace is not there, or more than once: `header` is of a version of mingw-w64 that
/// this list does not know.
pub fn apply(header: &str, content: Vec<u8>) -> Result<Vec<u8>> {
    let mut of_header = CORRECTIONS
        .iter()
        .filter(|correction| correction.header == header)
        .peekable();
    if of_header.peek().is_none() {
        return Ok(content);
    }
    let mut text = String::from_utf8(content)?;
    for Correction { from, to, .. } in of_header {
        match text.matches(from).count() {
            1 => text = text.replacen(from, to, 1),
            0 if text.contains(to) => {}
            count => bail!(
                "mingw-w64's {header} has this {count} times and not once, so it cannot be corrected: {from:?}; \
                 use the mingw-w64-common of Debian 12 or adapt tests/linux/sysroot/src/corrections.rs"
            ),
        }
    }
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What mingw-w64's header has to have, and nothing else.
    fn uncorrected(header: &str) -> String {
        let of_header = CORRECTIONS.iter().filter(|one| one.header == header);
        of_header.map(|one| one.from).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_text_is_replaced() {
        for correction in CORRECTIONS {
            let before = uncorrected(correction.header);
            let after = apply(correction.header, before.into_bytes()).unwrap();
            let after = String::from_utf8(after).unwrap();
            assert!(after.contains(correction.to), "{after}");
            assert!(!after.contains(correction.from), "{after}");
        }
    }

    #[test]
    fn what_is_right_already_stays() {
        let before = uncorrected("ddk/wdm.h");
        let once = apply("ddk/wdm.h", before.into_bytes()).unwrap();
        assert_eq!(apply("ddk/wdm.h", once.clone()).unwrap(), once);
        assert_eq!(apply("sal.h", vec![0xff]).unwrap(), [0xff]);
    }

    #[test]
    fn a_header_of_an_unknown_version_is_refused() {
        let twice = uncorrected("ddk/wdm.h").repeat(2);
        let refusal = apply("ddk/wdm.h", twice.into_bytes()).unwrap_err();
        assert!(refusal.to_string().contains("2 times"), "{refusal}");
        assert!(apply("ddk/wdm.h", Vec::new()).is_err());
    }
}
