//! What a tree lacks of what Microsoft's metadata has, by name.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use windows_metadata::reader::{Item, TypeCategory};

use crate::declared::{self, Declared};
use crate::metadata::Metadata;
use crate::{VERSION, imports, supplement};

/// The libraries that wdk-sys links for a WDM driver.
const LINKED: [&str; 3] = ["hal", "ntoskrnl", "wmilib"];

/// Structures of which the metadata has another size than the WDK's headers, for want of packing or alignment, or since
/// it has a later version. Source: the headers of the WDK 10.0.22621, of which this program says the same.
const MISTAKEN: [&str; 13] = [
    "CM_FULL_RESOURCE_DESCRIPTOR",
    "CM_PARTIAL_RESOURCE_DESCRIPTOR",
    "CM_PARTIAL_RESOURCE_LIST",
    "CM_RESOURCE_LIST",
    "DEVICE_OBJECT",
    "ERESOURCE",
    "KFLOATING_SAVE",
    "KPCR",
    "OBJECT_ATTRIBUTES32",
    "SLIST_ENTRY",
    "STORAGE_QUERY_DEPENDENT_VOLUME_RESPONSE",
    "USN_JOURNAL_DATA",
    "XSTATE_CONTEXT",
];

/// What a tree lacks.
pub struct Missing {
    /// A line for each.
    pub lines: Vec<String>,
    /// How many routines can be called by a driver, and how many there are.
    pub routines: (usize, usize),
    /// The same of variables that the headers declare.
    pub variables: (usize, usize),
    /// How many structures have the same size in both, and how many are in both and the metadata has right.
    pub structures: (usize, usize),
}

/// What the tree in `tree` lacks, for x64.
///
/// # Errors
///
/// It cannot be read, or is none.
pub fn of(tree: &Path) -> Result<Missing> {
    let metadata = Metadata::read(false)?;
    let declared = Declared::parse(tree, false)?;
    let mut symbols = BTreeSet::new();
    for library in LINKED {
        let path = tree.join(format!("Lib/{VERSION}/km/x64/{library}.lib"));
        let content = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        symbols.extend(imports::symbols(&content)?);
    }
    let mut lines = Vec::new();

    let mut routines = (0, 0);
    for routine in supplement::routines(&metadata) {
        let linked = symbols.contains(routine.name);
        let elsewhere = !["hal.dll", "ntdll.dll", "ntoskrnl.exe"]
            .contains(&&*routine.module.to_ascii_lowercase());
        // Of the system calls that programs make, the kernel exports some to drivers by this name.
        let call = routine.module == "ntdll.dll" && routine.name.starts_with("Nt");
        if call && !linked {
            continue;
        }
        routines.1 += 1;
        if !declared.routines.contains(routine.name) {
            lines.push(format!("routine {}: no header declares it", routine.name));
        } else if !linked && !elsewhere {
            lines.push(format!("routine {}: no library has it", routine.name));
        } else {
            routines.0 += 1;
        }
    }

    let mut variables = (0, 0);
    for name in &declared.variables {
        variables.1 += 1;
        if symbols.contains(name) {
            variables.0 += 1;
        } else {
            lines.push(format!("variable {name}: no library has it"));
        }
    }

    let mut structures = (0, 0);
    for (name, item) in metadata.kernel() {
        if let Item::Type(definition) = item
            && definition.category() == TypeCategory::Struct
            && !MISTAKEN.contains(&name)
            && let Some(declared::Type::Complete(size)) = declared.types.get(name)
            && let Some(layout) = supplement::layout::size(&metadata, &declared, definition)
        {
            structures.1 += 1;
            if layout.size == *size {
                structures.0 += 1;
            } else {
                lines.push(format!(
                    "structure {name}: {size} bytes here, {} in the metadata",
                    layout.size
                ));
            }
        }
    }
    lines.sort();
    Ok(Missing {
        lines,
        routines,
        variables,
        structures,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sources;
    use clap::Parser;

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        sources: Sources,
    }

    fn routines(missing: &Missing) -> Vec<&str> {
        let lines = missing.lines.iter();
        lines
            .filter_map(|line| line.strip_prefix("routine "))
            .collect()
    }

    #[test]
    fn every_routine_of_the_metadata_but_one_can_be_called() {
        let arguments = Arguments::parse_from(["sysroot"]);
        let directory = tempfile::tempdir().unwrap();
        let tree = crate::made_of(&arguments.sources).unwrap();
        tree.write(directory.path()).unwrap();
        let whole = of(directory.path()).unwrap();
        assert_eq!(
            routines(&whole),
            ["FsRtlIsExtentDangling: no header declares it"]
        );
        assert!(whole.routines.1 > 1700, "{:?}", whole.routines);
        let (same, all) = whole.structures;
        assert!(all > 1500 && all == same, "{:?}", whole.lines);

        // Without the metadata's header and with another library, there is more.
        let include = directory.path().join("Include").join(VERSION);
        fs::remove_file(include.join("km/metadata_x64.h")).unwrap();
        let libraries = directory.path().join("Lib").join(VERSION).join("km/x64");
        fs::copy(libraries.join("wmilib.lib"), libraries.join("ntoskrnl.lib")).unwrap();
        let part = of(directory.path()).unwrap();
        let lines = routines(&part);
        assert!(lines.contains(&"ExAllocatePool3: no header declares it"));
        assert!(lines.contains(&"IoCreateDevice: no library has it"));
        assert!(
            part.lines
                .iter()
                .any(|line| line == "variable PsProcessType: no library has it")
        );
    }
}
