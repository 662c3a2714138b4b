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

use crate::metadata::{Metadata, Routine};
use crate::tree::Tree;
use crate::{VERSION, stack_probe};

/// Libraries, and the modules that they import from. The first three are those that wdk-sys links; a driver may name
/// the others. Where mingw-w64 has one of the name, the names that it has are in it, too.
const MODULES: [(&str, &str); 14] = [
    ("hal", "HAL.dll"),
    ("ntoskrnl", "ntoskrnl.exe"),
    ("wmilib", "WMILIB.SYS"),
    ("classpnp", "CLASSPNP.SYS"),
    ("clfs", "CLFS.SYS"),
    ("fltMgr", "FLTMGR.SYS"),
    ("fwpkclnt", "fwpkclnt.sys"),
    ("hidclass", "HIDCLASS.SYS"),
    ("hidparse", "HIDPARSE.SYS"),
    ("ks", "ks.sys"),
    ("ksecdd", "ksecdd.sys"),
    ("ndis", "NDIS.SYS"),
    ("netio", "NETIO.SYS"),
    ("pshed", "PSHED.dll"),
];

/// The directories of the libraries, and what they are for. mingw-w64 has lists of names for x86-64
/// only, but few names are there for one of the two alone.
pub const MACHINES: &[(&str, MachineType)] =
    &[("x64", MachineType::AMD64), ("ARM64", MachineType::ARM64)];

/// Variables that ntoskrnl.exe exports, which neither the metadata nor mingw-w64 knows. Source: the
/// declarations in the WDK's wdm.h, ntddk.h and ntifs.h.
const VARIABLES: [&str; 11] = [
    "IoOtherOperationCount",
    "IoOtherTransferCount",
    "IoReadOperationCount",
    "IoReadTransferCount",
    "IoStatisticsLock",
    "IoWriteOperationCount",
    "IoWriteTransferCount",
    "NtGlobalFlag2",
    "PsSiloContextNonPagedType",
    "PsSiloContextPagedType",
    "SeSystemDefaultDacl",
];

/// The WDK's holds what the C compiler for ARM64 calls for itself. rustc brings that along.
const EMPTY: &str = "arm64rt";
/// In the WDK, what the C compiler's buffer checks call, of which rustc emits none.
const SUPPORT: &str = "BufferOverflowFastFailK";
const EMPTY_ARCHIVE: &[u8] = b"!<arch>\n";

/// Adds every library for `machine`, one of [`MACHINES`], to `tree`, with the names that the metadata has, and
/// those of mingw-w64's libraries in `mingw`.
///
/// # Errors
///
/// One of mingw-w64's libraries cannot be read, or the metadata.
pub fn add(tree: &mut Tree, mingw: &Path, (name, machine): (&str, MachineType)) -> Result<()> {
    let directory = PathBuf::from("Lib").join(VERSION).join("km").join(name);
    let metadata = Metadata::read(machine == MachineType::ARM64)?;
    let routines = metadata.routines();
    for (library, module) in MODULES {
        let mut exports = of_mingw(mingw, library)?;
        let known = exports.clone();
        for routine in &routines {
            if exported_by(routine, module, &known) {
                // A variable of this name is none.
                exports.insert((routine.name.to_owned(), Kind::Routine));
            }
        }
        if library == "ntoskrnl" {
            exports.extend(VARIABLES.map(|name| (name.to_owned(), Kind::Data)));
        }
        tree.add(
            directory.join(format!("{library}.lib")),
            import_library(module, machine, exports)?,
            format!(
                "names of Microsoft's metadata (the crate windows-bindgen), and of mingw-w64-x86-64-dev, lib{}.a",
                library.to_lowercase()
            ),
        );
    }
    let libraries = [
        (EMPTY, EMPTY_ARCHIVE.to_vec()),
        (SUPPORT, stack_probe::library(machine)?),
    ];
    for (library, content) in libraries {
        tree.add(
            directory.join(format!("{library}.lib")),
            content,
            "this project, tests/linux/sysroot/src".to_owned(),
        );
    }
    Ok(())
}

/// Whether `module` exports a routine. To the metadata, what ntdll.dll exports to programs under the name that
/// ntoskrnl.exe has for it is ntdll.dll's; `known` are the names that it is sure to have.
fn exported_by(routine: &Routine<'_>, module: &str, known: &BTreeSet<(String, Kind)>) -> bool {
    let of_both =
        routine.of_kernel && (routine.name.starts_with("Zw") || routine.name.starts_with("Rtl"));
    routine.module.eq_ignore_ascii_case(module)
        || module == "fwpkclnt.sys" && routine.module == "fwpuclnt.dll"
        || module == "ntoskrnl.exe"
            && routine.module == "ntdll.dll"
            && (of_both || known.contains(&(routine.name.to_owned(), Kind::Routine)))
}

/// The names that mingw-w64's library has; none if it has no such library, and is not expected to.
fn of_mingw(mingw: &Path, library: &str) -> Result<BTreeSet<(String, Kind)>> {
    let archive = mingw.join(format!("lib{}.a", library.to_lowercase()));
    if !archive.exists() && library != "ntoskrnl" {
        return Ok(BTreeSet::new());
    }
    let content = fs::read(&archive).with_context(|| {
        format!(
            "{} is missing: install mingw-w64-x86-64-dev (apt-get install mingw-w64-x86-64-dev), or name \
             the directory of mingw-w64's libraries with --lib",
            archive.display()
        )
    })?;
    exports(&content).with_context(|| format!("{} is not an import library", archive.display()))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Routine,
    Data,
}

/// The symbols that a library has.
///
/// # Errors
///
/// It is none.
pub fn symbols(archive: &[u8]) -> Result<BTreeSet<String>> {
    let archive = ArchiveFile::parse(archive)?;
    let mut symbols = BTreeSet::new();
    for symbol in archive.symbols()?.context("it has no symbol table")? {
        symbols.insert(str::from_utf8(symbol?.name())?.to_owned());
    }
    Ok(symbols)
}

/// What an import library offers, by its symbol table: `__imp_NAME` for every export, and `NAME`
/// too if it can be called.
fn exports(archive: &[u8]) -> Result<BTreeSet<(String, Kind)>> {
    let symbols = symbols(archive)?;
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
        // Its own name is that of the pointer to it, too: the headers declare most with one star more.
        constant: kind == Kind::Data,
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
            ("NtBuildNumber".to_owned(), Kind::Routine),
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
