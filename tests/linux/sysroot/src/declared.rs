//! What headers declare, by libclang, which wdk-sys reads them with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, anyhow, bail};
use clang::diagnostic::Severity;
use clang::{Clang, Entity, EntityKind, Index, Linkage, TypeKind, Unsaved};

use crate::VERSION;

/// The headers that wdk-sys names for a WDM driver.
const ROOT: &str = "#include \"ntifs.h\"\n#include \"ntddk.h\"\n#include \"ntstrsafe.h\"\n";

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A type of so many bytes.
    Complete(usize),
    /// A structure that is named, and no more.
    Incomplete,
    /// A routine's type, not a pointer to one.
    Routine,
}

/// Declarations, by name.
#[derive(Default)]
pub struct Declared {
    /// Routines that bindgen binds: those that are not inline.
    pub routines: BTreeSet<String>,
    /// Names of types, and of structures, unions and enumerations as C has them (`_IRP`).
    pub types: BTreeMap<String, Type>,
    /// Routines that bindgen does not bind.
    inline: BTreeSet<String>,
    /// Variables of the kernel.
    pub variables: BTreeSet<String>,
    /// Enumerators, macros, variables, inline routines: names that are taken.
    pub others: BTreeSet<String>,
    /// Enumerators, by the name of the enumeration.
    pub enumerators: BTreeMap<String, Vec<(String, i64)>>,
}

impl Declared {
    /// Parses the headers of the tree in `tree`.
    ///
    /// # Errors
    ///
    /// There is no libclang, or the headers do not compile.
    pub fn parse(tree: &Path, arm64: bool) -> Result<Self> {
        let clang = Clang::new().map_err(|error| {
            anyhow!("{error}; install libclang1 (apt-get install libclang1), or name its directory with LIBCLANG_PATH")
        })?;
        let index = Index::new(&clang, false, false);
        let unit = index
            .parser("root.h")
            .arguments(&arguments(tree, arm64))
            .unsaved(&[Unsaved::new("root.h", ROOT)])
            .detailed_preprocessing_record(true)
            .parse()?;
        for diagnostic in unit.get_diagnostics() {
            if diagnostic.get_severity() >= Severity::Error {
                bail!(
                    "the headers in {} do not compile: {diagnostic}",
                    tree.display()
                );
            }
        }
        let mut declared = Self::default();
        for entity in unit.get_entity().get_children() {
            declared.add(&entity);
        }
        Ok(declared)
    }

    fn add(&mut self, entity: &Entity<'_>) {
        match entity.get_kind() {
            EntityKind::FunctionDecl => {
                let Some(name) = entity.get_name() else {
                    return;
                };
                if entity.is_definition() || entity.get_linkage() != Some(Linkage::External) {
                    self.routines.remove(&name);
                    self.inline.insert(name.clone());
                    self.others.insert(name);
                } else if !self.inline.contains(&name) {
                    self.routines.insert(name);
                }
            }
            EntityKind::TypedefDecl => {
                if let (Some(name), Some(of)) =
                    (entity.get_name(), entity.get_typedef_underlying_type())
                {
                    let kind = of.get_canonical_type().get_kind();
                    let is = match (kind, of.get_sizeof()) {
                        (TypeKind::FunctionPrototype | TypeKind::FunctionNoPrototype, _) => {
                            Type::Routine
                        }
                        (_, Ok(size)) => Type::Complete(size),
                        _ => Type::Incomplete,
                    };
                    self.types.insert(name, is);
                }
            }
            EntityKind::StructDecl | EntityKind::UnionDecl | EntityKind::EnumDecl => {
                if let (Some(name), Some(of)) = (entity.get_name(), entity.get_type()) {
                    let is = of.get_sizeof().map_or(Type::Incomplete, Type::Complete);
                    self.types.insert(name.clone(), is);
                    self.enumerators(entity, &name);
                } else {
                    self.enumerators(entity, "");
                }
            }
            EntityKind::VarDecl => {
                let is_guid = |name: &str| name.contains("GUID") || name.starts_with("CLFS_");
                if let Some(name) = entity.get_name() {
                    // A GUID is in no library of the kernel's.
                    if entity.get_linkage() == Some(Linkage::External) && !is_guid(&name) {
                        self.variables.insert(name.clone());
                    }
                    self.others.insert(name);
                }
            }
            _ => self.others.extend(entity.get_name()),
        }
    }

    fn enumerators(&mut self, entity: &Entity<'_>, name: &str) {
        for child in entity.get_children() {
            if let (EntityKind::EnumConstantDecl, Some(enumerator)) =
                (child.get_kind(), child.get_name())
            {
                let value = child.get_enum_constant_value().unwrap_or_default();
                self.others.insert(enumerator.clone());
                let of = self.enumerators.entry(name.to_owned()).or_default();
                of.push((enumerator, value.0));
            }
        }
    }
}

/// What wdk-build tells Clang.
fn arguments(tree: &Path, arm64: bool) -> Vec<String> {
    let include = tree.join("Include").join(VERSION);
    let mut arguments: Vec<String> = ["km/crt", "km", "shared"]
        .iter()
        .map(|directory| format!("-I{}", include.join(directory).display()))
        .collect();
    let machine: &[&str] = if arm64 {
        &[
            "--target=aarch64-pc-windows-msvc",
            "-D_ARM64_",
            "-DARM64",
            "-D_USE_DECLSPECS_FOR_SAL=1",
            "-DSTD_CALL",
        ]
    } else {
        &[
            "--target=x86_64-pc-windows-msvc",
            "-D_WIN64",
            "-D_AMD64_",
            "-DAMD64",
        ]
    };
    let common = [
        "-xc",
        "-nostdinc",
        "-D_KERNEL_MODE",
        "-fms-compatibility",
        "-fms-extensions",
        "-fdelayed-template-parsing",
        "-fno-builtin",
        "-w",
    ];
    let rest = machine.iter().chain(&common);
    arguments.extend(rest.map(|&argument| argument.to_owned()));
    arguments
}
