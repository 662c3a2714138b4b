//! A header with what mingw-w64's lack: the routines, types and constants that Microsoft's metadata has and
//! they do not declare.
//!
//! The metadata leaves out what its own readers do not need: a `LARGE_INTEGER` is a 64-bit number in it, and
//! a `KSPIN_LOCK` a number as wide as a pointer. [`declarator`](Writer::declarator) undoes that where C differs.

pub mod layout;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use windows_metadata::reader::{
    HasAttributes, Item, MethodDef, MethodParam, TypeCategory, TypeDef,
};
use windows_metadata::{ParamAttributes, Type, TypeAttributes, TypeName, Value};

use crate::declared::{self, Declared};
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

/// What the metadata calls otherwise than C.
const NAMES: [(&str, &str); 3] = [("Guid", "GUID"), ("BOOL", "LONG"), ("CHAR", "CHAR")];

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

/// Structures of which the metadata often does not say that they are only read.
const READ: [&str; 2] = ["POOL_EXTENDED_PARAMETER", "UNICODE_STRING"];

/// Routines whose 64-bit numbers are numbers in C, too.
const NUMBERS: [&str; 5] = [
    "FsRtlQueryCachedVdl",
    "IoGetFsTrackOffsetState",
    "IoSetFsTrackOffsetState",
    "PsGetThreadCreateTime",
    "RtlUnicodeStringToInt64",
];

/// Routines that the metadata does not have, and that are inline in mingw-w64's headers: the kernel exports them.
const UNKNOWN: [(&str, &str); 2] = [
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
                *content =
                    corrections::with_enumerators(text, &supplement.enumerations).into_bytes();
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

    /// A routine's declaration; nothing if a type of it is unknown, or its name is taken by a macro or by an
    /// inline routine.
    fn routine(&mut self, name: &str, definition: MethodDef<'_>) -> Option<String> {
        let mut signature = self.signature(definition, &format!("NTAPI {name}"))?;
        if NUMBERS.contains(&name) {
            signature = signature.replace("LARGE_INTEGER", "LONGLONG");
        }
        // The name of an inline routine of the headers, or of a macro.
        let hidden = if self.declared.others.contains(name) {
            format!("#undef {name}\n")
        } else {
            String::new()
        };
        Some(format!("{hidden}NTKERNELAPI {signature};\n"))
    }

    /// A declaration `result name(parameters)`.
    fn signature(&mut self, definition: MethodDef<'_>, name: &str) -> Option<String> {
        let signature = definition.signature(&[]);
        let rows = definition.params_by_sequence(signature.types.len()).ok()?;
        let mut parameters = Vec::new();
        for (of, row) in signature.types.iter().zip(rows.params()) {
            let constant = row.is_some_and(|row| is_constant(of, row));
            parameters.push(self.declarator(of, "", constant, None)?);
        }
        if parameters.is_empty() {
            parameters.push("VOID".to_owned());
        }
        let declaration = format!("{name}({})", parameters.join(", "));
        self.declarator(&signature.return_type, &declaration, false, None)
    }

    /// A declaration of `name` as a value of type `of`. `owner` is the structure around it.
    fn declarator(
        &mut self,
        of: &Type,
        name: &str,
        constant: bool,
        owner: Option<TypeDef<'a>>,
    ) -> Option<String> {
        let prefix = if constant { "const " } else { "" };
        let simple = match of {
            Type::Void => "VOID",
            Type::Bool => "BOOLEAN",
            Type::Char => "WCHAR",
            Type::I8 => "CCHAR",
            Type::U8 => "UCHAR",
            Type::I16 => "SHORT",
            Type::U16 => "USHORT",
            Type::I32 => "LONG",
            Type::U32 => "ULONG",
            Type::I64 => "LARGE_INTEGER",
            Type::U64 => "ULONGLONG",
            Type::ISize => "LONG_PTR",
            Type::USize => "ULONG_PTR",
            Type::F32 => "float",
            Type::F64 => "double",
            Type::PtrMut(to, depth) | Type::PtrConst(to, depth) => {
                let stars = "*".repeat(*depth);
                return self.declarator(to, &format!("{stars}{name}"), constant, owner);
            }
            Type::ArrayFixed(of, count) => {
                return self.declarator(of, &format!("{name}[{count}]"), constant, owner);
            }
            Type::ValueName(named) | Type::ClassName(named) => {
                if let Some(inner) = owner.and_then(|owner| self.nested(owner, &named.name)) {
                    let body = self.body(inner, "")?;
                    return Some(format!("{body} {name}"));
                }
                let text = self.named(named)?;
                // What is constant is what the pointer points to.
                return Some(match (constant, &*text) {
                    (true, "PWSTR") => format!("PCWSTR {name}"),
                    (true, "PSTR") => format!("PCSTR {name}"),
                    _ => format!("{prefix}{text} {name}"),
                });
            }
            _ => return None,
        };
        Some(format!("{prefix}{simple} {name}"))
    }

    /// A type's name in C, after defining it if that is needed.
    fn named(&mut self, named: &TypeName) -> Option<String> {
        let name = &*named.name;
        if let Some((_, own)) = NAMES.iter().find(|(theirs, _)| *theirs == name) {
            return Some((*own).to_owned());
        }
        match self.declared.types.get(name) {
            Some(declared::Type::Routine) => return Some(format!("{name} *")),
            Some(declared::Type::Complete(_)) => return Some(name.to_owned()),
            _ => {}
        }
        let index = self.metadata.index();
        let definition = index.get(&named.namespace, name).next()?;
        let underlying = definition.underlying_type();
        let is_handle = definition.has_attribute("NativeTypedefAttribute");
        match definition.category() {
            TypeCategory::Enum if underlying != Some(Type::I32) => Some(
                self.declarator(&underlying?, "", false, None)?
                    .trim()
                    .to_owned(),
            ),
            TypeCategory::Struct if is_handle => self.handle(name, &underlying?),
            _ => {
                self.define(definition);
                let routine = definition.category() == TypeCategory::Delegate && !points(name);
                Some(if routine {
                    format!("{name} *")
                } else {
                    name.to_owned()
                })
            }
        }
    }

    /// A type that is a number to the metadata, and in C a pointer to what nobody but the kernel knows.
    fn handle(&mut self, name: &str, underlying: &Type) -> Option<String> {
        // A structure's own name.
        if name.starts_with('_') {
            return Some(format!("struct {name} *"));
        }
        if self.begun.insert(name.to_owned()) && self.taken.insert(name.to_owned()) {
            let text = match (underlying, name.strip_prefix('P')) {
                (Type::ISize, _) if name == "PESILO" => "struct _EJOB *PESILO".to_owned(),
                (Type::ISize, Some(of)) => format!("struct _{of} *{name}"),
                (Type::ISize, None) => format!("struct _{name} {name}"),
                _ => self.declarator(underlying, name, false, None)?,
            };
            let _ = writeln!(self.forward, "typedef {text};");
        }
        Some(name.to_owned())
    }

    /// Defines a type, if nothing has its name, and what it consists of before.
    fn define(&mut self, definition: TypeDef<'a>) {
        let name = definition.name();
        let incomplete = self.declared.types.get(name) == Some(&declared::Type::Incomplete);
        if WRONG.contains(&name)
            || (self.taken.contains(name) && !incomplete)
            || !self.begun.insert(name.to_owned())
        {
            return;
        }
        match definition.category() {
            TypeCategory::Enum => self.enumeration(definition),
            TypeCategory::Delegate => {
                let Some(invoke) = definition
                    .methods()
                    .find(|method| method.name() == "Invoke")
                else {
                    return;
                };
                let form = if points(name) {
                    format!("(NTAPI *{name})")
                } else {
                    format!("NTAPI {name}")
                };
                if let Some(text) = self.signature(invoke, &form) {
                    let _ = writeln!(self.definitions, "typedef {text};");
                    self.taken.insert(name.to_owned());
                }
            }
            TypeCategory::Struct if definition.has_attribute("NativeTypedefAttribute") => {
                if let Some(underlying) = definition.underlying_type() {
                    self.begun.remove(name);
                    self.handle(name, &underlying);
                }
            }
            TypeCategory::Struct => self.structure(definition, incomplete),
            _ => {}
        }
    }

    fn structure(&mut self, definition: TypeDef<'a>, incomplete: bool) {
        let name = definition.name();
        let tag = format!("_{name}");
        if self
            .declared
            .types
            .get(&*tag)
            .is_some_and(|known| *known != declared::Type::Incomplete)
        {
            return;
        }
        let keyword = keyword(definition);
        if !incomplete {
            let _ = write!(self.forward, "typedef {keyword} {tag} {name}");
            let pointer = format!("P{name}");
            if self.taken.insert(pointer.clone()) {
                let _ = write!(self.forward, ", *{pointer}");
            }
            self.forward.push_str(";\n");
        }
        self.taken.insert(name.to_owned());
        // What it consists of is defined while its own text is made.
        let Some(body) = self.body(definition, &tag) else {
            return;
        };
        let size = layout::size(self.metadata, self.declared, definition);
        let _ = writeln!(self.definitions, "{body};");
        if let Some(layout) = size {
            let _ = writeln!(
                self.definitions,
                "_Static_assert(sizeof({keyword} {tag}) == {}, \"{name}\");",
                layout.size
            );
        }
    }

    /// `struct tag { fields }`.
    fn body(&mut self, definition: TypeDef<'a>, tag: &str) -> Option<String> {
        let mut text = format!("{} {tag} {{\n", keyword(definition));
        for field in definition.fields() {
            if field.constant().is_some() {
                continue;
            }
            let bits: Vec<_> = field
                .attributes()
                .filter(|attribute| attribute.name() == "NativeBitfieldAttribute")
                .collect();
            let of = field.ty();
            if bits.is_empty() {
                let name = if field.name().starts_with("Anonymous") {
                    ""
                } else {
                    field.name()
                };
                let constant = field.has_attribute("ConstAttribute");
                let field = self.declarator(&of, name, constant, Some(definition))?;
                let _ = writeln!(text, "  {field};");
                continue;
            }
            let mut next = 0;
            let number = self
                .declarator(&of, "", false, None)?
                .replace("LARGE_INTEGER", "LONGLONG");
            for bit in bits {
                let values = bit.value();
                let [
                    (_, Value::Utf8(name)),
                    (_, Value::I64(offset)),
                    (_, Value::I64(length)),
                ] = &values[..]
                else {
                    return None;
                };
                if *offset > next {
                    let _ = writeln!(text, "  {number}: {};", offset - next);
                }
                let _ = writeln!(text, "  {number}{name} : {length};");
                next = offset + length;
            }
        }
        text.push('}');
        match definition
            .class_layout()
            .map_or(0, |layout| layout.packing_size())
        {
            0 => Some(text),
            packing => Some(format!(
                "\n#pragma pack(push, {packing})\n{text}\n#pragma pack(pop)\n"
            )),
        }
    }

    fn nested(&self, owner: TypeDef<'a>, name: &str) -> Option<TypeDef<'a>> {
        self.metadata
            .index()
            .nested(owner)
            .find(|inner| inner.name() == name)
    }
}

/// Whether what a parameter points to is constant.
fn is_constant(of: &Type, row: MethodParam<'_>) -> bool {
    let pointee = match of {
        Type::PtrMut(to, 1) => match &**to {
            Type::ValueName(name) => &*name.name,
            _ => "",
        },
        _ => "",
    };
    let flags = row.flags();
    let read = flags.contains(ParamAttributes::In) && !flags.contains(ParamAttributes::Out);
    row.has_attribute("ConstAttribute") || read && READ.contains(&pointee)
}

/// Whether a routine's type is a pointer by its name, as in `PDRIVER_DISPATCH`.
fn points(name: &str) -> bool {
    name.starts_with('P') && !name.starts_with("PO_")
}

fn keyword(definition: TypeDef<'_>) -> &'static str {
    if definition.flags().contains(TypeAttributes::ExplicitLayout) {
        "union"
    } else {
        "struct"
    }
}
