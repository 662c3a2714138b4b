//! `__chkstk`, which compiled code calls before it takes more than a page of stack: a library to link with.
//!
//! It touches every page that is to be taken, from the top down. Source: "x64 prolog and epilog" and "Overview of ARM64
//! ABI conventions" (learn.microsoft.com) for what it is given and what it may change.

use std::io::Cursor;

use anyhow::Result;
use ar_archive_writer::{
    ArchiveKind, DEFAULT_OBJECT_READER, NewArchiveMember, write_archive_to_stream,
};
use implib::MachineType;
use object::write::{Object, Symbol, SymbolSection};
use object::{
    Architecture, BinaryFormat, Endianness, SectionKind, SymbolFlags, SymbolKind, SymbolScope,
};

/// Takes the number of bytes in rax, and changes r10, r11 and the flags.
const X64: &[&[u8]] = &[
    &[0x4c, 0x8d, 0x54, 0x24, 0x08], // lea r10, [rsp + 8], the caller's rsp
    &[0x49, 0x89, 0xc3],             // mov r11, rax
    &[0x49, 0x81, 0xfb, 0x00, 0x10, 0x00, 0x00], // page: cmp r11, 1000h
    &[0x76, 0x13],                   // jbe last
    &[0x49, 0x81, 0xea, 0x00, 0x10, 0x00, 0x00], // sub r10, 1000h
    &[0x45, 0x85, 0x12],             // test [r10], r10d
    &[0x49, 0x81, 0xeb, 0x00, 0x10, 0x00, 0x00], // sub r11, 1000h
    &[0xeb, 0xe4],                   // jmp page
    &[0x4d, 0x29, 0xda],             // last: sub r10, r11
    &[0x45, 0x85, 0x12],             // test [r10], r10d
    &[0xc3],                         // ret
];

/// Takes a sixteenth of that in x15, and changes x16, x17 and the flags.
const ARM64: [u32; 11] = [
    0xd37c_edf0, // lsl x16, x15, #4
    0x9100_03f1, // mov x17, sp
    0xf140_061f, // page: cmp x16, #1, lsl #12
    0x5400_00a9, // b.ls last
    0xd140_0631, // sub x17, x17, #1, lsl #12
    0xf940_023f, // ldr xzr, [x17]
    0xd140_0610, // sub x16, x16, #1, lsl #12
    0x17ff_fffb, // b page
    0xcb10_0231, // last: sub x17, x17, x16
    0xf940_023f, // ldr xzr, [x17]
    0xd65f_03c0, // ret
];

/// The library for `machine`.
///
/// # Errors
///
/// It cannot be put together.
pub fn library(machine: MachineType) -> Result<Vec<u8>> {
    let arm64 = machine == MachineType::ARM64;
    let (architecture, code) = if arm64 {
        (
            Architecture::Aarch64,
            ARM64.iter().flat_map(|one| one.to_le_bytes()).collect(),
        )
    } else {
        (Architecture::X86_64, X64.concat())
    };
    let mut object = Object::new(BinaryFormat::Coff, architecture, Endianness::Little);
    let section = object.add_section(Vec::new(), b".text".to_vec(), SectionKind::Text);
    let id = object.add_symbol(Symbol {
        name: b"__chkstk".to_vec(),
        value: 0,
        size: 0,
        kind: SymbolKind::Text,
        scope: SymbolScope::Linkage,
        weak: false,
        section: SymbolSection::Undefined,
        flags: SymbolFlags::None,
    });
    object.add_symbol_data(id, section, &code, 16);

    let member = NewArchiveMember::new(
        object.write()?,
        &DEFAULT_OBJECT_READER,
        "chkstk.obj".to_owned(),
    );
    let mut library = Cursor::new(Vec::new());
    write_archive_to_stream(
        &mut library,
        &[member],
        ArchiveKind::Coff,
        false,
        Some(false),
    )?;
    Ok(library.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::read::archive::ArchiveFile;

    #[test]
    fn both_libraries_offer_the_probe() {
        for machine in [MachineType::AMD64, MachineType::ARM64] {
            let bytes = library(machine).unwrap();
            assert_eq!(bytes, library(machine).unwrap());
            let archive = ArchiveFile::parse(&*bytes).unwrap();
            let symbols: Vec<_> = archive
                .symbols()
                .unwrap()
                .unwrap()
                .map(|symbol| symbol.unwrap().name().to_vec())
                .collect();
            assert_eq!(symbols, [b"__chkstk"]);
        }
    }
}
