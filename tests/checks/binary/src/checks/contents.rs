//! Rules about what is in the image: its size, and the functions that its map names.

use object::LittleEndian as LE;
use object::pe::IMAGE_DIRECTORY_ENTRY_SECURITY;

use super::Outcome;
use crate::Image;

/// The most bytes that the driver may have, without its signature: 1 KiB for the section with its version, and
/// what any driver on `wdm` has, whether it uses it or not: deferred routines, Plug and Play, critical regions.
const LARGEST: usize = 26 * 1024;

/// A small driver is one that can be read.
pub fn size(image: &Image<'_>) -> Outcome {
    let directories = image.pe.data_directories();
    let signature = directories
        .get(IMAGE_DIRECTORY_ENTRY_SECURITY)
        .map_or(0, |directory| directory.size.get(LE) as usize);
    let size = image.bytes.len().saturating_sub(signature);
    if size > LARGEST {
        return Err(format!(
            "{size} bytes, more than {LARGEST}: look in csq.map for what is new, or raise the limit in tests/checks/binary"
        ));
    }
    Ok(format!(
        "{size} of at most {LARGEST} bytes, and {signature} of a signature"
    ))
}

/// The map is this image's: else the rules that read it say nothing.
pub fn map(image: &Image<'_>) -> Outcome {
    let optional = &image.pe.nt_headers().optional_header;
    let entry = u64::from(optional.address_of_entry_point.get(LE));
    let start = optional.image_base.get(LE).wrapping_add(entry);
    if image.map.address("DriverEntry") != Some(start) {
        return Err(format!(
            "csq.map is of another image: it does not have DriverEntry at {start:#x}. Build both again"
        ));
    }
    for import in &image.imports {
        let name = format!("__imp_{}", import.name);
        if image.map.address(&name).is_none() {
            return Err(format!(
                "csq.map is of another image: it has no {}. Build both again",
                import.name
            ));
        }
    }
    Ok(format!("{} symbols", image.map.symbols.len()))
}
