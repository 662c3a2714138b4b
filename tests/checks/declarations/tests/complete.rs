//! That the crate's tables name everything which `wdm` takes from `wdk-sys`. Runs on the host.

#![expect(
    clippy::unwrap_used,
    reason = "a source that cannot be read is a failure"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Ident, ItemUse, Path as SynPath, UseTree};

/// The crate that stands for the headers.
const BINDINGS: &str = "wdk_sys";
/// Modules of it, not declarations.
const MODULES: [&str; 3] = ["ntddk", "types", "constants"];

/// Every name after `wdk_sys::`, in a `use` or elsewhere.
#[derive(Default)]
struct Used(BTreeSet<String>);

impl Used {
    fn tree(&mut self, tree: &UseTree, below: bool) {
        match tree {
            UseTree::Path(path) => {
                // Of an enumeration, `below` has the name of its module.
                if below {
                    self.name(&path.ident);
                }
                self.tree(&path.tree, below || path.ident == BINDINGS);
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, below)),
            UseTree::Name(name) if below => self.name(&name.ident),
            UseTree::Rename(rename) if below => self.name(&rename.ident),
            UseTree::Glob(_) if below => panic!("`use {BINDINGS}::*` hides what is used"),
            _ => {}
        }
    }

    fn name(&mut self, name: &Ident) {
        let name = name.to_string();
        if !MODULES.contains(&name.as_str()) && name != "self" {
            self.0.insert(name);
        }
    }
}

impl Visit<'_> for Used {
    fn visit_item_use(&mut self, item: &ItemUse) {
        self.tree(&item.tree, false);
    }

    fn visit_path(&mut self, path: &SynPath) {
        let mut names = path.segments.iter().map(|segment| &segment.ident);
        if names.next().is_some_and(|first| first == BINDINGS) {
            names.for_each(|name| self.name(name));
        }
        visit::visit_path(self, path);
    }
}

/// What `source`, a file of Rust, takes from `wdk-sys`.
fn used(source: &str) -> BTreeSet<String> {
    let mut used = Used::default();
    used.visit_file(&syn::parse_file(source).unwrap());
    used.0
}

/// The words of the tables: what is in no comment.
fn compared(source: &str) -> BTreeSet<String> {
    source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split(|letter: char| letter != '_' && !letter.is_alphanumeric()))
        .map(str::to_owned)
        .collect()
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// What `find` finds in all files below `directory`, which is relative to this crate's.
fn in_all(directory: &str, find: fn(&str) -> BTreeSet<String>) -> BTreeSet<String> {
    files_below(Path::new(directory))
        .iter()
        .flat_map(|file| find(&fs::read_to_string(file).unwrap()))
        .collect()
}

#[test]
fn everything_that_wdm_uses_is_compared() {
    let used = in_all("../../../src/wdm/src", used);
    assert!(used.contains("IRP") && used.contains("IoCsqInsertIrp"));
    let compared = in_all("src", compared);
    let missing: Vec<&String> = used.difference(&compared).collect();
    assert!(
        missing.is_empty(),
        "add these to the tables in tests/checks/declarations/src, from Microsoft's reference and metadata: {missing:?}"
    );
}

#[test]
fn a_name_is_found_wherever_it_is_used() {
    let source = "
        pub(crate) use wdk_sys::{IRP, _MODE, ntddk::{KeSetEvent as set}};
        use other::NOT_THIS;
        fn f(x: wdk_sys::KEVENT) { wdk_sys::ntddk::KeClearEvent(x); }
    ";
    let found: Vec<String> = used(source).into_iter().collect();
    assert_eq!(
        found,
        ["IRP", "KEVENT", "KeClearEvent", "KeSetEvent", "_MODE"]
    );
    let words = compared("table! { KEVENT } // end\n// IRP\n");
    assert!(words.contains("KEVENT") && !words.contains("IRP"));
}
