//! Definitions of the header's types.

use std::fmt::Write as _;

use windows_metadata::reader::{HasAttributes, TypeCategory, TypeDef};
use windows_metadata::{TypeAttributes, Value};

use super::declarations::points;
use super::{WRONG, Writer, layout};
use crate::declared;

impl<'a> Writer<'a> {
    /// Defines a type, if nothing has its name, and what it consists of before.
    pub(super) fn define(&mut self, definition: TypeDef<'a>) {
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
    pub(super) fn body(&mut self, definition: TypeDef<'a>, tag: &str) -> Option<String> {
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

    pub(super) fn nested(&self, owner: TypeDef<'a>, name: &str) -> Option<TypeDef<'a>> {
        self.metadata
            .index()
            .nested(owner)
            .find(|inner| inner.name() == name)
    }
}

fn keyword(definition: TypeDef<'_>) -> &'static str {
    if definition.flags().contains(TypeAttributes::ExplicitLayout) {
        "union"
    } else {
        "struct"
    }
}
