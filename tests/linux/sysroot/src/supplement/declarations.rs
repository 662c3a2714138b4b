//! Declarations of the header: of routines, and of anything by its type.
//!
//! The metadata leaves out what its own readers do not need: a `LARGE_INTEGER` is a 64-bit number in it, and
//! a `KSPIN_LOCK` a number as wide as a pointer. [`declarator`](Writer::declarator) undoes that where C differs.

use std::fmt::Write as _;

use windows_metadata::reader::{HasAttributes, MethodDef, MethodParam, TypeCategory, TypeDef};
use windows_metadata::{ParamAttributes, Type, TypeName};

use super::Writer;
use crate::declared;

/// What the metadata calls otherwise than C.
const NAMES: [(&str, &str); 3] = [("Guid", "GUID"), ("BOOL", "LONG"), ("CHAR", "CHAR")];

/// Structures of which the metadata often does not say that they are only read.
const READ: [&str; 3] = ["Guid", "POOL_EXTENDED_PARAMETER", "UNICODE_STRING"];

/// Routines whose 64-bit numbers are numbers in C, too.
const NUMBERS: [&str; 5] = [
    "FsRtlQueryCachedVdl",
    "IoGetFsTrackOffsetState",
    "IoSetFsTrackOffsetState",
    "PsGetThreadCreateTime",
    "RtlUnicodeStringToInt64",
];

impl<'a> Writer<'a> {
    /// A routine's declaration; nothing if a type of it is unknown, or its name is taken by a macro or by an
    /// inline routine.
    pub(super) fn routine(&mut self, name: &str, definition: MethodDef<'_>) -> Option<String> {
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
    pub(super) fn signature(&mut self, definition: MethodDef<'_>, name: &str) -> Option<String> {
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
    pub(super) fn declarator(
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
    pub(super) fn handle(&mut self, name: &str, underlying: &Type) -> Option<String> {
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
}

/// Whether what a parameter points to is constant.
fn is_constant(of: &Type, row: MethodParam<'_>) -> bool {
    let often_read = match of {
        Type::PtrMut(to, 1) => match &**to {
            Type::ValueName(name) => READ.contains(&&*name.name),
            // A text.
            Type::I8 => true,
            _ => false,
        },
        _ => false,
    };
    let flags = row.flags();
    let read = flags.contains(ParamAttributes::In) && !flags.contains(ParamAttributes::Out);
    row.has_attribute("ConstAttribute") || read && often_read
}

/// Whether a routine's type is a pointer by its name, as in `PDRIVER_DISPATCH`.
pub(super) fn points(name: &str) -> bool {
    name.starts_with('P') && !name.starts_with("PO_")
}
