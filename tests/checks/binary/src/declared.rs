//! The imports that the sources announce: the routines of `wdk_sys::ntddk` that `src/wdm/src/sys.rs`
//! uses, and those that Microsoft's crates and the compiler add.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use syn::{Item, UseTree};

/// Routines that wdm calls for drivers in `tests/drivers`, and not for csq.
pub const FOR_OTHERS: [&str; 6] = [
    "IoAllocateWorkItem",
    "IoCreateSymbolicLink",
    "IoDeleteSymbolicLink",
    "IoFreeWorkItem",
    "IoQueueWorkItem",
    "MmMapLockedPagesSpecifyCache",
];

/// Routines that the image may import although `sys.rs` does not name them, with who calls them.
/// Whether it does depends on what the optimiser leaves and, for the memory routines, on the
/// linker's library: the WDK's has them as code.
pub const ADDED: &[(&str, &str)] = &[
    ("ExAllocatePool2", "wdk-alloc, the global allocator"),
    ("ExFreePool", "wdk-alloc, the global allocator"),
    ("memcmp", "the compiler, for comparing byte arrays"),
    ("memcpy", "the compiler, for moves of large values"),
    ("memmove", "the compiler, for copies that may overlap"),
    ("memset", "the compiler, for filling byte arrays"),
];

/// The routines that `sys.rs` names: the image must import every one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared(pub BTreeSet<String>);

impl Declared {
    /// Collects what every `use wdk_sys::ntddk::...;` of `source`, the text of `sys.rs`, names.
    ///
    /// # Errors
    ///
    /// `source` is not Rust, has no such `use`, or one with `*` or `as`, which hide the names.
    pub fn parse(source: &str) -> Result<Self> {
        let file = syn::parse_file(source).context("it is not a Rust source file")?;
        let mut names = BTreeSet::new();
        for item in &file.items {
            if let Item::Use(item) = item
                && let Some(routines) = after(&item.tree, "wdk_sys")
            {
                collect_ntddk(routines, &mut names)?;
            }
        }
        ensure!(!names.is_empty(), "it has no `use wdk_sys::ntddk::...;`");
        Ok(Self(names))
    }
}

/// What follows `name::`, if `tree` starts with that.
fn after<'a>(tree: &'a UseTree, name: &str) -> Option<&'a UseTree> {
    match tree {
        UseTree::Path(path) if path.ident == name => Some(&path.tree),
        _ => None,
    }
}

/// Looks for `ntddk::` in what follows `wdk_sys::`, in braces or not.
fn collect_ntddk(tree: &UseTree, names: &mut BTreeSet<String>) -> Result<()> {
    if let Some(routines) = after(tree, "ntddk") {
        return collect(routines, names);
    }
    if let UseTree::Group(group) = tree {
        for tree in &group.items {
            collect_ntddk(tree, names)?;
        }
    }
    Ok(())
}

fn collect(tree: &UseTree, names: &mut BTreeSet<String>) -> Result<()> {
    match tree {
        UseTree::Name(name) => {
            names.insert(name.ident.to_string());
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                collect(tree, names)?;
            }
        }
        UseTree::Path(_) | UseTree::Rename(_) | UseTree::Glob(_) => {
            bail!("routines of wdk_sys::ntddk must be named one by one, without `as` and `*`")
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<String> {
        Declared::parse(source).unwrap().0.into_iter().collect()
    }

    #[test]
    fn every_form_of_use_is_read() {
        assert_eq!(names("use wdk_sys::ntddk::KeSetEvent;"), ["KeSetEvent"]);
        assert_eq!(
            names("pub(crate) use wdk_sys::{IRP, ntddk::{A, B}};\nuse wdk_sys::ntddk::C;"),
            ["A", "B", "C"]
        );
    }

    #[test]
    fn names_that_cannot_be_seen_are_refused() {
        for source in [
            "use wdk_sys::ntddk::*;",
            "use wdk_sys::ntddk::KeSetEvent as set;",
            "use wdk_sys::IRP;",
            "use {",
        ] {
            assert!(Declared::parse(source).is_err(), "{source}");
        }
    }
}
