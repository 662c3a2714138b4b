//! Microsoft's metadata of the kernel: the routines of wdm.h, ntddk.h and ntifs.h, the modules that export
//! them, and the types and constants that go with them.
//!
//! It is `Microsoft.Windows.WDK.Win32Metadata`, which the crate windows-bindgen has with it (../build.rs).

use std::path::Path;

use anyhow::{Context, Result};
use windows_metadata::reader::{File, Index, Item, MethodDef};

/// Where the metadata is.
const DIRECTORY: &str = env!("WINMD");

/// What is in the headers that wdk-sys names.
const NAMESPACES: [&str; 8] = [
    "Windows.Wdk.Foundation",
    "Windows.Wdk.Storage.FileSystem",
    "Windows.Wdk.System.IO",
    "Windows.Wdk.System.Memory",
    "Windows.Wdk.System.Registry",
    "Windows.Wdk.System.SystemInformation",
    "Windows.Wdk.System.SystemServices",
    "Windows.Wdk.System.Threading",
];

/// What these headers share with those of the SDK: namespaces, and how the names begin that are theirs.
const SHARED: [(&str, &str); 18] = [
    ("Windows.Win32.Foundation", "STATUS_"),
    ("Windows.Win32.Security", "CLAIM_"),
    ("Windows.Win32.Security", "SYSTEM_"),
    ("Windows.Win32.Security", "TOKEN_"),
    ("Windows.Win32.Storage.FileSystem", "FILE_"),
    ("Windows.Win32.Storage.FileSystem", "IO_REPARSE_"),
    ("Windows.Win32.Storage.InstallableFileSystems", "FILE_"),
    ("Windows.Win32.System.Diagnostics.Debug", "FACILITY_"),
    ("Windows.Win32.System.Diagnostics.Etw", "EVENT_"),
    ("Windows.Win32.System.Ioctl", ""),
    ("Windows.Win32.System.Kernel", ""),
    ("Windows.Win32.System.Memory", "MEM"),
    ("Windows.Win32.System.Memory", "PAGE_"),
    ("Windows.Win32.System.Power", "POWER_"),
    ("Windows.Win32.System.Registry", "REG_"),
    ("Windows.Win32.System.SystemInformation", "SYSTEM_"),
    ("Windows.Win32.System.SystemServices", ""),
    ("Windows.Win32.System.Threading", "PROCESS_"),
];

/// The metadata for one architecture.
pub struct Metadata {
    index: Index,
}

/// A routine that a driver can import.
#[derive(Clone, Copy)]
pub struct Routine<'a> {
    pub name: &'a str,
    /// The file that exports it, in lower case.
    pub module: &'a str,
    pub definition: MethodDef<'a>,
    /// Whether the headers that wdk-sys names declare it.
    pub of_kernel: bool,
}

impl Metadata {
    /// Reads the metadata.
    ///
    /// # Errors
    ///
    /// It is not where it was when this program was compiled.
    pub fn read(arm64: bool) -> Result<Self> {
        let read = |name: &str| {
            let path = Path::new(DIRECTORY).join(name);
            File::read(&path).with_context(|| {
                format!(
                    "cannot read {}: run `cargo fetch`, and build this program again",
                    path.display()
                )
            })
        };
        // Of architecture bits, 2 is x64, 4 is ARM64.
        let files = vec![read("Windows.Wdk.winmd")?, read("Windows.Win32.winmd")?];
        let index = Index::new_for_architecture(files, if arm64 { 4 } else { 2 });
        Ok(Self { index })
    }

    /// All of it.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Every item of the headers that wdk-sys names, by name.
    pub fn kernel(&self) -> impl Iterator<Item = (&str, Item<'_>)> {
        let own = NAMESPACES.iter().map(|namespace| (*namespace, ""));
        SHARED
            .into_iter()
            .chain(own)
            .flat_map(|(namespace, start)| {
                let items = self.index.namespace_items(namespace);
                items.filter(move |(name, item)| {
                    name.starts_with(start) || has_constants(item, start)
                })
            })
    }

    /// The routines of all modules that are for drivers.
    pub fn routines(&self) -> Vec<Routine<'_>> {
        let mut routines = Vec::new();
        for (namespace, name, item) in self.index.iter_items() {
            if let (Item::Fn(definition), true) = (item, namespace.starts_with("Windows.Wdk."))
                && let Some(import) = definition.impl_map()
            {
                routines.push(Routine {
                    name,
                    module: import.import_scope().name(),
                    definition,
                    of_kernel: NAMESPACES.contains(&namespace),
                });
            }
        }
        routines.sort_by_key(|routine| routine.name);
        routines
    }
}

/// Whether it is a type with constants whose names begin like that: of an enumeration that is none in C, those count.
fn has_constants(item: &Item<'_>, start: &str) -> bool {
    let Item::Type(definition) = item else {
        return false;
    };
    definition
        .fields()
        .any(|field| field.name().starts_with(start) && field.constant().is_some())
}
