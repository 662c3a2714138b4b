//! Sizes of structures by the metadata alone, to compare those of the header with.

use windows_metadata::reader::{HasAttributes, TypeCategory, TypeDef};
use windows_metadata::{Type, TypeAttributes, TypeName};

use crate::declared::{self, Declared};
use crate::metadata::Metadata;

/// What a type takes, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub size: usize,
    pub alignment: usize,
}

impl Layout {
    const fn of(size: usize) -> Self {
        Self {
            size,
            alignment: size,
        }
    }
}

/// The layout of a structure; nothing if it has a type that neither the metadata nor the headers know.
pub fn size(metadata: &Metadata, declared: &Declared, definition: TypeDef<'_>) -> Option<Layout> {
    let packing = match definition
        .class_layout()
        .map_or(0, |layout| layout.packing_size())
    {
        0 => usize::MAX,
        packing => packing.into(),
    };
    let is_union = definition.flags().contains(TypeAttributes::ExplicitLayout);
    let (mut end, mut alignment) = (0_usize, 1);
    for field in definition
        .fields()
        .filter(|field| field.constant().is_none())
    {
        let of = field_layout(metadata, declared, definition, &field.ty())?;
        let aligned = of.alignment.min(packing);
        let at = if is_union {
            0
        } else {
            end.next_multiple_of(aligned)
        };
        end = end.max(at + of.size);
        alignment = alignment.max(aligned);
    }
    Some(Layout {
        size: end.next_multiple_of(alignment),
        alignment,
    })
}

fn field_layout(
    metadata: &Metadata,
    declared: &Declared,
    owner: TypeDef<'_>,
    of: &Type,
) -> Option<Layout> {
    Some(match of {
        Type::Bool | Type::I8 | Type::U8 => Layout::of(1),
        Type::Char | Type::I16 | Type::U16 => Layout::of(2),
        Type::I32 | Type::U32 | Type::F32 => Layout::of(4),
        Type::I64
        | Type::U64
        | Type::F64
        | Type::ISize
        | Type::USize
        | Type::PtrMut(..)
        | Type::PtrConst(..) => Layout::of(8),
        Type::ArrayFixed(of, count) => {
            let one = field_layout(metadata, declared, owner, of)?;
            Layout {
                size: one.size * count,
                ..one
            }
        }
        Type::ValueName(name) | Type::ClassName(name) => {
            let index = metadata.index();
            let nested = index.nested(owner).find(|inner| inner.name() == name.name);
            let definition = match nested {
                Some(nested) => nested,
                None => match index.get(&name.namespace, &name.name).next() {
                    Some(found) => found,
                    None => return known(declared, name),
                },
            };
            match definition.category() {
                TypeCategory::Struct if definition.has_attribute("NativeTypedefAttribute") => {
                    field_layout(metadata, declared, owner, &definition.underlying_type()?)?
                }
                TypeCategory::Struct => size(metadata, declared, definition)?,
                TypeCategory::Enum => {
                    field_layout(metadata, declared, owner, &definition.underlying_type()?)?
                }
                _ => Layout::of(8),
            }
        }
        _ => return None,
    })
}

/// By the headers. Of its alignment they say nothing here, so only a size that leaves no doubt will do.
fn known(declared: &Declared, name: &TypeName) -> Option<Layout> {
    if name.name == "Guid" {
        return Some(Layout {
            size: 16,
            alignment: 4,
        });
    }
    match declared.types.get(&name.name) {
        Some(declared::Type::Complete(size @ (1 | 2 | 4 | 8))) => Some(Layout::of(*size)),
        _ => None,
    }
}
