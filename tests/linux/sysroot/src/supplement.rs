//! A header with what mingw-w64's lack: the routines, types and constants that Microsoft's metadata has and
//! they do not declare.

mod declarations;
mod definitions;
pub mod layout;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use windows_metadata::reader::Item;

use crate::declared::Declared;
use crate::metadata::{Metadata, Routine};
use crate::tree::Tree;
use crate::{VERSION, corrections};

/// Modules whose routines the headers of wdk-sys declare.
const DECLARED: [&str; 5] = [
    "hal.dll",
    "ksecdd.sys",
    "ntdll.dll",
    "ntoskrnl.exe",
    "pshed.dll",
];

/// Structures whose layout the metadata has wrong: a page's number is 64 bits wide, and a pointer may be 32.
const WRONG: [&str; 8] = [
    "EXTENDED_CREATE_INFORMATION_32",
    "PHYSICAL_EXTENTS_DESCRIPTOR",
    "PHYSICAL_MEMORY_DESCRIPTOR",
    "PHYSICAL_MEMORY_RUN",
    "FsRtlIsExtentDangling",
    "IMAGE_POLICY_METADATA",
    "WHEAP_ROW_FAILURE_EVENT",
    "WHEA_X64_REGISTER_STATE",
];

/// Routines that the metadata does not have, and that are inline in mingw-w64's headers: the kernel exports them.
const UNKNOWN: [(&str, &str); 4] = [
    (
        "ExAllocateFromPagedLookasideList",
        "PVOID NTAPI ExAllocateFromPagedLookasideList(PPAGED_LOOKASIDE_LIST)",
    ),
    (
        "ExFreeToPagedLookasideList",
        "VOID NTAPI ExFreeToPagedLookasideList(PPAGED_LOOKASIDE_LIST, PVOID)",
    ),
    ("KeGetCurrentIrql", "KIRQL NTAPI KeGetCurrentIrql(VOID)"),
    ("KeLowerIrql", "VOID NTAPI KeLowerIrql(KIRQL)"),
];

/// The head of what is written here.
const NOTICE: &str = "/* What mingw-w64's headers lack, from Microsoft's metadata (Microsoft.Windows.WDK.Win32Metadata in the crate\n \
    * windows-bindgen, MIT or Apache 2.0), written by tests/linux/sysroot. */\n";

/// The header, and what could not be written.
struct Supplement {
    header: String,
    /// A header that gives another name to each inline routine of theirs that the kernel exports.
    renamed: String,
    /// The text between the braces of each enumeration of theirs that is older than the metadata's.
    enumerations: BTreeMap<String, String>,
}

/// Adds the header to `tree`, which has all others, for each machine, and brings their enumerations up to date.
///
/// # Errors
///
/// They do not compile, or the metadata cannot be read.
pub fn add(tree: &mut Tree) -> Result<()> {
    let include = PathBuf::from("Include").join(VERSION);
    let draft = tempfile::tempdir().context("cannot make a directory for headers")?;
    tree.clone().write(draft.path())?;
    for (machine, arm64) in [("x64", false), ("arm64", true)] {
        let metadata = Metadata::read(arm64)?;
        let declared = Declared::parse(draft.path(), arm64)?;
        let supplement = write(&metadata, &declared);
        for (name, content) in [
            ("metadata", supplement.header),
            ("inline", supplement.renamed),
        ] {
            tree.add(
                include.join("km").join(format!("{name}_{machine}.h")),
                content.into_bytes(),
                "Microsoft's metadata, of the crate windows-bindgen".to_owned(),
            );
        }
        for (path, content) in tree.contents_mut() {
            if path.starts_with(include.join("shared"))
                && let Ok(text) = str::from_utf8(content)
            {
                let text = corrections::with_enumerators(text, &supplement.enumerations);
                *content = corrections::without_tags(&text).into_bytes();
            }
        }
    }
    Ok(())
}

/// Writes the header for what `declared` lacks.
fn write(metadata: &Metadata, declared: &Declared) -> Supplement {
    let mut writer = Writer::new(metadata, declared);
    let mut declarations = String::new();
    let mut inline = BTreeSet::from(UNKNOWN.map(|(name, _)| name));
    for (name, declaration) in UNKNOWN {
        let _ = writeln!(declarations, "#undef {name}\nNTKERNELAPI {declaration};");
    }
    for routine in routines(metadata) {
        if declared.routines.contains(routine.name) || WRONG.contains(&routine.name) {
            continue;
        }
        if declared.others.contains(routine.name) {
            inline.insert(routine.name);
        }
        declarations.extend(writer.routine(routine.name, routine.definition));
    }
    let items: BTreeMap<&str, Item<'_>> = metadata.kernel().collect();
    for item in items.values() {
        if let Item::Type(definition) = item {
            writer.define(*definition);
        }
    }
    let enumerations = writer.enumerations(&items);
    let constants = writer.constants(&items);
    let header = format!(
        "{NOTICE}#pragma once\n\n{}\n{}\n{declarations}\n{constants}",
        writer.forward, writer.definitions
    );
    let mut renamed = format!(
        "{NOTICE}/* Inline routines of mingw-w64's headers which the kernel exports. */\n#pragma once\n"
    );
    for name in &inline {
        let _ = writeln!(renamed, "#define {name} mingw_inline_{name}");
    }
    Supplement {
        header,
        renamed,
        enumerations,
    }
}

/// The routines that the headers of wdk-sys should declare.
pub fn routines(metadata: &Metadata) -> Vec<Routine<'_>> {
    let mut routines = metadata.routines();
    routines.retain(|routine| {
        routine.of_kernel && DECLARED.contains(&&*routine.module.to_ascii_lowercase())
    });
    routines
}

struct Writer<'a> {
    metadata: &'a Metadata,
    declared: &'a Declared,
    /// Names of types that this header has defined, or is about to.
    begun: BTreeSet<String>,
    /// Names that are taken, by the headers or by this one.
    taken: BTreeSet<String>,
    /// Names of structures, and enumerations: nothing that they need comes later.
    forward: String,
    definitions: String,
}

impl<'a> Writer<'a> {
    fn new(metadata: &'a Metadata, declared: &'a Declared) -> Self {
        let mut taken = declared.others.clone();
        taken.extend(declared.types.keys().cloned());
        taken.extend(declared.routines.iter().cloned());
        Self {
            metadata,
            declared,
            begun: BTreeSet::new(),
            taken,
            forward: String::new(),
            definitions: String::new(),
        }
    }
}
