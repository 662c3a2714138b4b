//! The libraries that wdk-sys links: import libraries with the names that mingw-w64's have, and
//! empty ones.

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use implib::def::{ModuleDef, ShortExport};
use implib::{Flavor, ImportLibrary, MachineType};
use object::read::archive::ArchiveFile;

use crate::VERSION;
use crate::tree::Tree;

/// Library and the module it imports from.
const MODULES: &[(&str, &str)] = &[
    ("hal", "HAL.dll"),
    ("ntoskrnl", "ntoskrnl.exe"),
    ("wmilib", "WMILIB.SYS"),
];

/// The directories of the libraries, and what they are for. mingw-w64 has lists of names for x86-64
/// only, but what csq.sys imports has the same name on both.
pub const MACHINES: &[(&str, MachineType)] =
    &[("x64", MachineType::AMD64), ("ARM64", MachineType::ARM64)];

/// Exports of ntoskrnl.exe that mingw-w64's list, which ends with Windows 7, does not have. Each is
/// in Microsoft's public reference, and declared in `../include/km/wdm.h`.
const LATER: &[&str] = &["EtwSetInformation", "ExAllocatePool2"];

/// The WDK's hold what the C compiler's buffer checks call, and on ARM64 what it calls for itself.
/// rustc emits none of the former, and brings the latter along.
const EMPTY: [&str; 2] = ["BufferOverflowFastFailK", "arm64rt"];
const EMPTY_ARCHIVE: &[u8] = b"!<arch>\n";

/// Adds every library for `machine`, one of [`MACHINES`], to `tree`, with the names of the ones in `mingw`.
///
/// # Errors
///
/// One of mingw-w64's libraries cannot be read.
pub fn add(tree: &mut Tree, mingw: &Path, (name, machine): (&str, MachineType)) -> Result<()> {
    let directory = PathBuf::from("Lib").join(VERSION).join("km").join(name);
    for &(library, module) in MODULES {
        let archive = mingw.join(format!("lib{library}.a"));
        let content = fs::read(&archive).with_context(|| {
            format!(
                "{} is missing: install mingw-w64-x86-64-dev (apt-get install mingw-w64-x86-64-dev), or name \
                 the directory of mingw-w64's libraries with --lib",
                archive.display()
            )
        })?;
        let mut exports = exports(&content)
            .with_context(|| format!("{} is not an import library", archive.display()))?;
        let mut source = format!("names of mingw-w64-x86-64-dev, lib{library}.a");
        if library == "ntoskrnl" {
            exports.extend(LATER.iter().map(|&name| (name.to_owned(), Kind::Routine)));
            source += ", and of this project, tests/linux/sysroot/src/imports.rs";
        }
        tree.add(
            directory.join(format!("{library}.lib")),
            import_library(module, machine, exports)?,
            source,
        );
    }
    for empty in EMPTY {
        tree.add(
            directory.join(format!("{empty}.lib")),
            EMPTY_ARCHIVE.to_vec(),
            "this project: empty".to_owned(),
        );
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Routine,
    Data,
}

/// What an import library offers, by its symbol table: `__imp_NAME` for every export, and `NAME`
/// too if it can be called.
fn exports(archive: &[u8]) -> Result<BTreeSet<(String, Kind)>> {
    let archive = ArchiveFile::parse(archive)?;
    let mut symbols = BTreeSet::new();
    for symbol in archive.symbols()?.context("it has no symbol table")? {
        symbols.insert(str::from_utf8(symbol?.name())?.to_owned());
    }
    Ok(symbols
        .iter()
        .filter_map(|symbol| symbol.strip_prefix("__imp_"))
        .map(|name| {
            let kind = if symbols.contains(name) {
                Kind::Routine
            } else {
                Kind::Data
            };
            (name.to_owned(), kind)
        })
        .collect())
}

/// A library in the linker's own format that imports `exports` from `module`.
fn import_library(
    module: &str,
    machine: MachineType,
    exports: BTreeSet<(String, Kind)>,
) -> Result<Vec<u8>> {
    let exports = exports.into_iter().map(|(name, kind)| ShortExport {
        name,
        data: kind == Kind::Data,
        ..ShortExport::default()
    });
    let definition = ModuleDef {
        import_name: module.to_owned(),
        exports: exports.collect(),
        ..ModuleDef::default()
    };
    let mut library = Cursor::new(Vec::new());
    ImportLibrary::from_def(definition, machine, Flavor::Msvc)
        .write_to(&mut library)
        .with_context(|| format!("cannot make the import library of {module}"))?;
    Ok(library.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_offers_what_it_was_made_of() {
        let made = BTreeSet::from([
            ("KeSetEvent".to_owned(), Kind::Routine),
            ("KeTickCount".to_owned(), Kind::Data),
        ]);
        for &(_, machine) in MACHINES {
            let library = import_library("ntoskrnl.exe", machine, made.clone()).unwrap();
            assert_eq!(exports(&library).unwrap(), made);
            let again = import_library("ntoskrnl.exe", machine, made.clone()).unwrap();
            assert_eq!(library, again);
        }
    }

    #[test]
    fn what_is_no_library_is_refused() {
        assert!(exports(b"no archive").is_err());
        assert!(exports(EMPTY_ARCHIVE).is_err());
    }
}
