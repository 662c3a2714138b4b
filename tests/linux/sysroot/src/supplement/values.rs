//! Enumerations and constants of the header.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use windows_metadata::reader::{Item, TypeCategory, TypeDef};
use windows_metadata::{Type, Value};

use super::Writer;
use crate::corrections::UNTAGGED;

impl<'a> Writer<'a> {
    /// An enumeration. One whose numbers have no sign is a collection of macros in C.
    pub(super) fn enumeration(&mut self, definition: TypeDef<'a>) {
        let name = definition.name();
        if definition.underlying_type() != Some(Type::I32) {
            return;
        }
        let mut text = if UNTAGGED.contains(&name) {
            "typedef enum {\n".to_owned()
        } else {
            format!("typedef enum _{name} {{\n")
        };
        for field in definition.fields() {
            if let Some(Value::I32(value)) = field.constant().map(|constant| constant.value())
                && self.taken.insert(field.name().to_owned())
            {
                let _ = writeln!(text, "  {} = {value},", field.name());
            }
        }
        let pointer = format!("P{name}");
        let pointer = if self.taken.insert(pointer.clone()) {
            format!(", *{pointer}")
        } else {
            String::new()
        };
        if text.ends_with("{\n") {
            text = format!("typedef int {name}{pointer};\n");
        } else {
            let _ = writeln!(text, "}} {name}{pointer};");
        }
        self.taken.insert(name.to_owned());
        self.forward.push_str(&text);
    }

    /// What is between the braces of the headers' enumerations, if the metadata has more for there.
    pub(super) fn enumerations(
        &mut self,
        items: &BTreeMap<&str, Item<'_>>,
    ) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for (tag, known) in &self.declared.enumerators {
            let Some(Item::Type(definition)) =
                tag.strip_prefix('_').and_then(|name| items.get(name))
            else {
                continue;
            };
            let mut values: BTreeMap<&str, i64> = known
                .iter()
                .map(|(name, value)| (&**name, *value))
                .collect();
            let (before, mut text) = (values.clone(), String::new());
            for field in definition.fields() {
                let name = field.name();
                let Some(Value::I32(value)) = field.constant().map(|constant| constant.value())
                else {
                    continue;
                };
                if values.contains_key(name) || !self.taken.contains(name) {
                    values.insert(name, value.into());
                }
            }
            if values == before {
                continue;
            }
            let mut values: Vec<_> = values.into_iter().collect();
            values.sort_by_key(|(name, value)| (*value, *name));
            for (name, value) in values {
                self.taken.insert(name.to_owned());
                let _ = writeln!(text, "  {name} = {value},");
            }
            texts.insert(tag.clone(), text);
        }
        texts
    }

    /// Macros for the constants that nothing else has the name of.
    pub(super) fn constants(&mut self, items: &BTreeMap<&str, Item<'_>>) -> String {
        let mut text = String::new();
        let mut define = |taken: &mut BTreeSet<String>, name: &str, value: String| {
            if taken.insert(name.to_owned()) {
                let _ = writeln!(text, "#define {name} {value}");
            }
        };
        for item in items.values() {
            match item {
                Item::Const(field) => {
                    if let Some(value) = field
                        .constant()
                        .and_then(|constant| number(&constant.value(), &field.ty()))
                    {
                        define(&mut self.taken, field.name(), value);
                    }
                }
                Item::Type(definition) if definition.category() == TypeCategory::Enum => {
                    for field in definition.fields() {
                        if let Some(value) = field
                            .constant()
                            .and_then(|constant| number(&constant.value(), &Type::U32))
                        {
                            define(&mut self.taken, field.name(), value);
                        }
                    }
                }
                _ => {}
            }
        }
        text
    }
}

/// A constant in C; nothing for a text.
fn number(value: &Value, of: &Type) -> Option<String> {
    let is_status = matches!(of, Type::ValueName(name) if name.name == "NTSTATUS");
    Some(match *value {
        Value::I32(value) if is_status => format!("((NTSTATUS)0x{value:08X}L)"),
        Value::U8(value) => format!("0x{value:X}"),
        Value::U16(value) => format!("0x{value:X}"),
        Value::U32(value) => format!("0x{value:X}"),
        Value::U64(value) => format!("0x{value:X}ULL"),
        Value::I8(value) => format!("({value})"),
        Value::I16(value) => format!("({value})"),
        Value::I32(value) => format!("({value})"),
        Value::I64(value) => format!("({value}LL)"),
        _ => return None,
    })
}
