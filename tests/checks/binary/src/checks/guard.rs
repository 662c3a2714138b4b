//! Rules about Control Flow Guard: what the kernel is told about calls by a pointer.
//!
//! See "PE Format", "The Load Configuration Structure":
//! <https://learn.microsoft.com/windows/win32/debug/pe-format#the-load-configuration-structure-image-only>.

use std::collections::BTreeSet;

use object::LittleEndian as LE;
use object::pe::{
    IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG, IMAGE_DLLCHARACTERISTICS_GUARD_CF,
    IMAGE_GUARD_CF_FUNCTION_TABLE_PRESENT, IMAGE_GUARD_CF_INSTRUMENTED,
};

use super::Outcome;
use crate::Image;
use crate::code::Code;

/// Where the fields are in the load configuration.
const CHECK: usize = 0x70;
const DISPATCH: usize = 0x78;
const TABLE: usize = 0x80;
const COUNT: usize = 0x88;
const FLAGS: usize = 0x90;

/// Whoever calls the driver by a pointer can get to its entry points, and to nothing else: the kernel is
/// given a table of exactly these.
pub fn guard(image: &Image<'_>) -> Outcome {
    let optional = &image.pe.nt_headers().optional_header;
    let flags = optional.dll_characteristics.get(LE);
    if flags.0 & IMAGE_DLLCHARACTERISTICS_GUARD_CF.0 == 0 {
        return Err(
            "it was linked without /GUARD:CF: tests/linux/cargo.toml asks rustc for control-flow-guard"
                .to_owned(),
        );
    }
    let field = load_configuration(image)
        .ok_or("it has no load configuration: is load_config.obj linked with it?")?;
    let flags = field(FLAGS).unwrap_or(0);
    let due = IMAGE_GUARD_CF_INSTRUMENTED.0 | IMAGE_GUARD_CF_FUNCTION_TABLE_PRESENT.0;
    if flags & u64::from(due) != u64::from(due) {
        return Err(format!(
            "its guard flags are {:#x}: they do not announce a table of functions",
            flags & 0xffff_ffff
        ));
    }
    if [CHECK, DISPATCH]
        .iter()
        .any(|at| field(*at).unwrap_or(0) == 0)
    {
        return Err("it has no place for the kernel's checks".to_owned());
    }
    // The table's entries are addresses with that many more bytes each.
    let extra = flags >> 28 & 0xf;
    let allowed = table(image, field(TABLE), field(COUNT), extra)
        .ok_or("the table of functions is cut off")?;

    let code = image.code()?;
    if let Some(entry) = code.entries().find(|it| !allowed.contains(&it.address)) {
        return Err(format!(
            "{} is an entry point, but not in the table: the kernel would stop the machine when it is called",
            entry.name()
        ));
    }
    let entries: BTreeSet<u64> = code.entries().map(|entry| entry.address).collect();
    for address in allowed.difference(&entries) {
        match code.get(*address) {
            Some(function) if Code::is_unguarded_call(function) => {}
            Some(function) => {
                return Err(format!(
                    "{} is in the table, though nobody has a pointer to it",
                    function.name()
                ));
            }
            None => return Err(format!("{address:#x} is in the table, and no function")),
        }
    }
    Ok(format!(
        "calls by pointer can reach the {} entry points, and no other of {} functions",
        entries.len(),
        code.functions().count()
    ))
}

/// The bytes at an address counted from the image's preferred base on.
fn at<'a>(image: &Image<'a>, address: u64, length: usize) -> Option<&'a [u8]> {
    let base = image.pe.nt_headers().optional_header.image_base.get(LE);
    let offset = u32::try_from(address.checked_sub(base)?).ok()?;
    let rest = image.pe.section_table().pe_data_at(image.bytes, offset)?;
    rest.get(..length)
}

/// The load configuration's 64-bit field at an offset; an image may have a short one.
fn load_configuration<'a>(image: &Image<'a>) -> Option<impl Fn(usize) -> Option<u64> + use<'a>> {
    let directory = image.pe.data_directory(IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG)?;
    let data = directory
        .data(image.bytes, &image.pe.section_table())
        .ok()?;
    Some(move |offset: usize| Some(u64::from_le_bytes(*data.get(offset..)?.first_chunk()?)))
}

/// The addresses in the table of functions.
fn table(
    image: &Image<'_>,
    start: Option<u64>,
    count: Option<u64>,
    extra: u64,
) -> Option<BTreeSet<u64>> {
    let base = image.pe.nt_headers().optional_header.image_base.get(LE);
    let stride = usize::try_from(4 + extra).ok()?;
    let length = usize::try_from(count?).ok()?.checked_mul(stride)?;
    let entries = at(image, start?, length)?.chunks_exact(stride);
    entries
        .map(|entry| {
            let offset = u32::from_le_bytes(*entry.first_chunk()?);
            base.checked_add(u64::from(offset))
        })
        .collect()
}
