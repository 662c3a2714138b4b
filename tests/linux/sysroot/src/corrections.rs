//! What mingw-w64's headers declare otherwise than Microsoft's, and what the tree says instead.
//!
//! Each correction is a replacement of text that occurs once. `tests/checks/declarations` compares the result with
//! facts from other sources, so it fails if a correction is missing or wrong.

mod declarations;

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use declarations::{CORRECTIONS, Correction};

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
const GROWN: [&str; 29] = [
    "CACHE_RELATIONSHIP",
    "DEBUG_DEVICE_DESCRIPTOR",
    "DEVICE_DESCRIPTION",
    "DEVOBJ_EXTENSION",
    "DMA_OPERATIONS",
    "FILE_LINK_INFORMATION",
    "FILE_RENAME_INFORMATION",
    "FS_FILTER_CALLBACKS",
    "IO_COMPLETION_CONTEXT",
    "KUSER_SHARED_DATA",
    "MFT_ENUM_DATA",
    "NTFS_EXTENDED_VOLUME_DATA",
    "NTFS_STATISTICS",
    "NUMA_NODE_RELATIONSHIP",
    "PCI_BUS_INTERFACE_STANDARD",
    "PCI_EXPRESS_CAPABILITY",
    "PHYSICAL_COUNTER_RESOURCE_DESCRIPTOR",
    "PHYSICAL_COUNTER_RESOURCE_LIST",
    "PROCESSOR_RELATIONSHIP",
    "QUERY_PATH_REQUEST_EX",
    "READ_USN_JOURNAL_DATA",
    "SD_GLOBAL_CHANGE_INPUT",
    "SD_GLOBAL_CHANGE_OUTPUT",
    "SE_EXPORTS",
    "SRV_OPEN_ECP_CONTEXT",
    "SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX",
    "TOKEN_ACCESS_INFORMATION",
    "TOKEN_AUDIT_POLICY",
    "XSTATE_CONFIGURATION",
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

/// Enumerations that have no name of their own in Microsoft's headers: of those, bindgen makes a module with the name of
/// the type, and with a name of their own it would be another. Source: the WDK's wdm.h, ntddk.h and ntifs.h.
pub const UNTAGGED: [&str; 23] = [
    "BUS_QUERY_ID_TYPE",
    "COMPARTMENT_ID",
    "DEVICE_TEXT_TYPE",
    "KD_CALLBACK_ACTION",
    "KD_NAMESPACE_ENUM",
    "KE_PROCESSOR_CHANGE_NOTIFY_STATE",
    "MEM_EXTENDED_PARAMETER_TYPE",
    "MEM_SECTION_EXTENDED_PARAMETER_TYPE",
    "MSV1_0_AVID",
    "NETWORK_OPEN_INTEGRITY_QUALIFIER",
    "NETWORK_OPEN_LOCATION_QUALIFIER",
    "OPLOCK_NOTIFY_REASON",
    "PCI_DEVICE_D3COLD_STATE_REASON",
    "PCI_EXPRESS_LINK_SUBSTATE",
    "PCI_EXPRESS_RCB",
    "PCW_REGISTRATION_FLAGS",
    "POOL_EXTENDED_PARAMETER_TYPE",
    "POWER_INFORMATION_LEVEL",
    "POWER_MONITOR_REQUEST_REASON",
    "POWER_SETTING_ALTITUDE",
    "POWER_USER_PRESENCE_TYPE",
    "SYSTEM_POWER_CONDITION",
    "WELL_KNOWN_SID_TYPE",
];

/// `header` without names of enumerations that have none.
pub fn without_tags(header: &str) -> String {
    let mut text = header.to_owned();
    for name in UNTAGGED {
        text = text.replace(&format!("enum _{name} {{"), "enum {");
    }
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
    fn only_the_enumerations_that_have_none_lose_their_names() {
        let header =
            "typedef enum _PCI_EXPRESS_RCB {\n} PCI_EXPRESS_RCB;\ntypedef enum _A {\n} A;\n";
        let kept = "typedef enum {\n} PCI_EXPRESS_RCB;\ntypedef enum _A {\n} A;\n";
        assert_eq!(without_tags(header), kept);
    }

    #[test]
    fn a_header_of_an_unknown_version_is_refused() {
        let twice = uncorrected("ddk/wdm.h").repeat(2);
        let refusal = apply("ddk/wdm.h", twice.into_bytes()).unwrap_err();
        assert!(refusal.to_string().contains("2 times"), "{refusal}");
        assert!(apply("ddk/wdm.h", Vec::new()).is_err());
    }
}
