//! What mingw-w64's headers declare otherwise than Microsoft's, and what the tree says instead.
//!
//! Each correction is a replacement of text that occurs once. `tests/checks/declarations` compares the result with
//! facts from other sources, so it fails if a correction is missing or wrong.

use std::collections::BTreeMap;

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
    Correction {
        header: "ddk/ntddk.h",
        from: "  PTXN_PARAMETER_BLOCK TxnParameters;\n} IO_DRIVER_CREATE_CONTEXT,",
        to: "  PTXN_PARAMETER_BLOCK TxnParameters;\n  struct _EJOB *SiloContext;\n} IO_DRIVER_CREATE_CONTEXT,",
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

/// Structures of mingw-w64's that have grown since Windows 7: their definitions are the metadata's.
const GROWN: [&str; 10] = [
    "DEBUG_DEVICE_DESCRIPTOR",
    "DEVICE_DESCRIPTION",
    "DEVOBJ_EXTENSION",
    "FS_FILTER_CALLBACKS",
    "IO_COMPLETION_CONTEXT",
    "PCI_BUS_INTERFACE_STANDARD",
    "PHYSICAL_COUNTER_RESOURCE_DESCRIPTOR",
    "PHYSICAL_COUNTER_RESOURCE_LIST",
    "SE_EXPORTS",
    "SRV_OPEN_ECP_CONTEXT",
];

/// `header` without what is between the braces of those.
pub fn without_grown(header: &str) -> String {
    let mut text = header.to_owned();
    for name in GROWN {
        let found = Some(format!("struct _{name} {{"))
            .and_then(|start| Some((text.find(&start)?, start.len() - 1)));
        if let Some((at, length)) = found
            && let Some(end) = closing_brace(text.get(at + length..).unwrap_or_default())
        {
            text.replace_range(at + length..=at + length + end, "");
        }
    }
    text
}

/// `header` without the parentheses around the names of routines' types, `(NTAPI DRIVER_UNLOAD)(...)`: bindgen does not
/// bind a type with them.
pub fn without_parentheses(header: &str) -> String {
    const START: &str = "(NTAPI ";
    let mut text = String::with_capacity(header.len());
    let mut rest = header;
    while let Some((before, after)) = rest.split_once(START) {
        text.push_str(before);
        let name = after
            .split_once(")(")
            .map(|(name, after)| (name.trim_end(), after));
        rest = match name {
            Some((name, after)) if name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) => {
                text.push_str("NTAPI ");
                text.push_str(name);
                text.push('(');
                after
            }
            _ => {
                text.push_str(START);
                after
            }
        };
    }
    text.push_str(rest);
    text
}

/// `header` with other enumerators in the enumerations that `texts` names.
pub fn with_enumerators(header: &str, texts: &BTreeMap<String, String>) -> String {
    let mut text = header.to_owned();
    for (tag, enumerators) in texts {
        let start = format!("enum {tag} {{");
        if let Some(at) = text.find(&start)
            && let Some(end) = closing_brace(text.get(at + start.len() - 1..).unwrap_or_default())
        {
            let at = at + start.len();
            text.replace_range(at..at + end - 1, &format!("\n{enumerators}"));
        }
    }
    text
}

/// Where the brace is closed with which `text` begins.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
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
    fn only_the_definition_of_a_grown_structure_goes() {
        let header = "typedef struct _SE_EXPORTS {\n  union { LONG A; } B;\n} SE_EXPORTS, *PSE_EXPORTS;\nint x;\n";
        let kept = "typedef struct _SE_EXPORTS  SE_EXPORTS, *PSE_EXPORTS;\nint x;\n";
        assert_eq!(without_grown(header), kept);
    }

    #[test]
    fn only_names_lose_their_parentheses() {
        let header = "typedef VOID\n(NTAPI DRIVER_UNLOAD)(int a);\ntypedef VOID (NTAPI *P)(int);\n";
        let kept = "typedef VOID\nNTAPI DRIVER_UNLOAD(int a);\ntypedef VOID (NTAPI *P)(int);\n";
        assert_eq!(without_parentheses(header), kept);
    }

    #[test]
    fn enumerators_are_replaced() {
        let texts = BTreeMap::from([("_A".to_owned(), "  X = 1,\n".to_owned())]);
        let header = "typedef enum _A {\n  Y,\n#if 0\n  Z\n#endif\n} A;\nenum _B { C };\n";
        let replaced = "typedef enum _A {\n  X = 1,\n} A;\nenum _B { C };\n";
        assert_eq!(with_enumerators(header, &texts), replaced);
    }

    #[test]
    fn a_header_of_an_unknown_version_is_refused() {
        let twice = uncorrected("ddk/wdm.h").repeat(2);
        let refusal = apply("ddk/wdm.h", twice.into_bytes()).unwrap_err();
        assert!(refusal.to_string().contains("2 times"), "{refusal}");
        assert!(apply("ddk/wdm.h", Vec::new()).is_err());
    }
}
