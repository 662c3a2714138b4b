//! The load configuration of an image with Control Flow Guard: an object file to link with it.
//!
//! With `-C control-flow-guard` the linker makes a table of all functions that may be called by a
//! pointer. The kernel finds that table, and the pointers that it has to replace by those to its own
//! checks, through the structure that the image calls `_load_config_used`. In a WDK that structure is
//! part of a library.
//!
//! See "PE Format", "The Load Configuration Structure":
//! <https://learn.microsoft.com/windows/win32/debug/pe-format#the-load-configuration-structure-image-only>.

use std::path::PathBuf;

use anyhow::Result;
use object::write::{Object, Relocation, SectionId, Symbol, SymbolId, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, RelocationFlags, SectionKind, SymbolFlags, SymbolKind,
    SymbolScope,
};

use crate::VERSION;
use crate::tree::Tree;

/// The name that `tests/linux/cargo.toml` hands the linker.
const FILE: &str = "load_config.obj";

/// As far as the fields of Control Flow Guard go.
const SIZE: u32 = 0xc0;

/// The fields of the structure that are not zero, and what they are: addresses of pointers of this
/// file, and what the linker puts in place of names that it knows.
const FIELDS: [(u64, &str); 9] = [
    (0x70, "__guard_check_icall_fptr"),
    (0x78, "__guard_dispatch_icall_fptr"),
    (0x80, "__guard_fids_table"),
    (0x88, "__guard_fids_count"),
    // Four bytes; the linker's value has no more than that, and the next field may be zero.
    (0x90, "__guard_flags"),
    (0xa0, "__guard_iat_table"),
    (0xa8, "__guard_iat_count"),
    (0xb0, "__guard_longjmp_table"),
    (0xb8, "__guard_longjmp_count"),
];

/// The pointers that compiled code uses to check a call, and what they point to as long as the kernel
/// has not replaced them: no check at all.
const CHECKS: [(&str, &str, &[u8]); 2] = [
    // ret
    (
        "__guard_check_icall_fptr",
        "_guard_check_icall_nop",
        &[0xc3],
    ),
    // jmp rax
    (
        "__guard_dispatch_icall_fptr",
        "_guard_dispatch_icall_nop",
        &[0x48, 0xff, 0xe0],
    ),
];

/// What is between routines.
const INT3: u8 = 0xcc;

/// Adds the object file to `tree`.
///
/// # Errors
///
/// It cannot be put together.
pub fn add(tree: &mut Tree) -> Result<()> {
    let directory = PathBuf::from("Lib").join(VERSION).join("km/x64");
    let source = "this project, tests/linux/sysroot/src/load_config.rs".to_owned();
    tree.add(directory.join(FILE), object_file()?, source);
    Ok(())
}

fn object_file() -> Result<Vec<u8>> {
    let mut object = Object::new(BinaryFormat::Coff, Architecture::X86_64, Endianness::Little);
    let code = object.add_section(Vec::new(), b".text".to_vec(), SectionKind::Text);
    let data = object.add_section(Vec::new(), b".rdata".to_vec(), SectionKind::ReadOnlyData);
    // Pointers that nothing but the kernel writes. The linker puts them among the constants.
    let pointers = object.add_section(Vec::new(), b".00cfg".to_vec(), SectionKind::ReadOnlyData);

    for (pointer, routine, instructions) in CHECKS {
        let mut padded = instructions.to_vec();
        padded.resize(16, INT3);
        let routine = define(&mut object, routine, code, SymbolKind::Text, &padded, 16);
        let at = define(&mut object, pointer, pointers, SymbolKind::Data, &[0; 8], 8);
        let offset = object.symbol(at).value;
        object.add_relocation(pointers, address_of(routine, offset))?;
    }

    let mut structure = SIZE.to_le_bytes().to_vec();
    structure.resize(SIZE as usize, 0);
    let at = define(
        &mut object,
        "_load_config_used",
        data,
        SymbolKind::Data,
        &structure,
        8,
    );
    let start = object.symbol(at).value;
    for (offset, name) in FIELDS {
        let symbol = match object.symbol_id(name.as_bytes()) {
            Some(defined) => defined,
            None => object.add_symbol(symbol(name, SymbolKind::Data, SymbolSection::Undefined)),
        };
        object.add_relocation(data, address_of(symbol, start + offset))?;
    }
    Ok(object.write()?)
}

fn define(
    object: &mut Object<'_>,
    name: &str,
    section: SectionId,
    kind: SymbolKind,
    bytes: &[u8],
    alignment: u64,
) -> SymbolId {
    let id = object.add_symbol(symbol(name, kind, SymbolSection::Undefined));
    object.add_symbol_data(id, section, bytes, alignment);
    id
}

fn symbol(name: &str, kind: SymbolKind, section: SymbolSection) -> Symbol {
    Symbol {
        name: name.as_bytes().to_vec(),
        value: 0,
        size: 0,
        kind,
        scope: SymbolScope::Linkage,
        weak: false,
        section,
        flags: SymbolFlags::None,
    }
}

/// A relocation at `offset`: the 64-bit address of `symbol`.
fn address_of(symbol: SymbolId, offset: u64) -> Relocation {
    Relocation {
        offset,
        symbol,
        addend: 0,
        flags: RelocationFlags::Coff {
            typ: object::pe::IMAGE_REL_AMD64_ADDR64,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::{Object as _, ObjectSymbol};

    #[test]
    fn everything_is_defined_that_the_linker_does_not_know() {
        let bytes = object_file().unwrap();
        assert_eq!(bytes, object_file().unwrap());
        let file = object::File::parse(&*bytes).unwrap();
        let undefined: Vec<&str> = file
            .symbols()
            .filter(ObjectSymbol::is_undefined)
            .map(|symbol| symbol.name().unwrap())
            .collect();
        assert_eq!(
            undefined,
            [
                "__guard_fids_table",
                "__guard_fids_count",
                "__guard_flags",
                "__guard_iat_table",
                "__guard_iat_count",
                "__guard_longjmp_table",
                "__guard_longjmp_count",
            ]
        );
        let structure = file.symbol_by_name("_load_config_used").unwrap();
        assert_eq!(structure.address() % 8, 0);
    }
}
