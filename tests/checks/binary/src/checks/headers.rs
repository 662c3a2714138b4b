//! Rules about the headers.

use object::LittleEndian as LE;
use object::pe::{
    IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE, IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY,
    IMAGE_DLLCHARACTERISTICS_NX_COMPAT, IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_RELOCS_STRIPPED,
    IMAGE_SCN_MEM_EXECUTE, IMAGE_SUBSYSTEM_NATIVE,
};

use super::Outcome;
use crate::{Image, checksum};

/// A driver for 64-bit Windows.
pub fn format(image: &Image<'_>) -> Outcome {
    let headers = image.pe.nt_headers();
    let machine = headers.file_header.machine.get(LE);
    if machine != IMAGE_FILE_MACHINE_AMD64 {
        return Err(format!(
            "it is for machine {machine:?} and not for x86-64: build for x86_64-pc-windows-msvc"
        ));
    }
    let subsystem = headers.optional_header.subsystem.get(LE);
    if subsystem != IMAGE_SUBSYSTEM_NATIVE {
        return Err(format!(
            "its subsystem is {subsystem:?} and not native: build.rs must call configure_wdk_binary_build"
        ));
    }
    Ok("PE32+ for x86-64, subsystem native".to_owned())
}

/// Execution starts at `DriverEntry`.
pub fn entry(image: &Image<'_>) -> Outcome {
    let start = image
        .pe
        .nt_headers()
        .optional_header
        .address_of_entry_point
        .get(LE);
    let exports = image
        .pe
        .export_table()
        .and_then(|table| table.map_or(Ok(Vec::new()), |table| table.exports()))
        .map_err(|error| format!("its export table is broken ({error}): link it again"))?;
    let address = exports
        .iter()
        .find(|export| export.name == Some(b"DriverEntry"))
        .and_then(|export| match export.target {
            object::read::pe::ExportTarget::Address(address) => Some(address),
            _ => None,
        })
        .ok_or("it does not export DriverEntry: src/entry.rs must")?;
    if address != start {
        return Err(format!(
            "it starts at {start:#x}, but DriverEntry is at {address:#x}: look at the linker's /ENTRY"
        ));
    }
    let executable = image.pe.section_table().iter().any(|section| {
        let first = section.virtual_address.get(LE);
        let characteristics = section.characteristics.get(LE);
        characteristics.0 & IMAGE_SCN_MEM_EXECUTE.0 != 0
            && (first..first.saturating_add(section.virtual_size.get(LE))).contains(&start)
    });
    if !executable {
        return Err(format!(
            "DriverEntry, at {start:#x}, is in no executable section"
        ));
    }
    Ok(format!("DriverEntry, at {start:#x}"))
}

/// The loader may put it anywhere, keeps its data from being executed, and checks its signature.
pub fn loading(image: &Image<'_>) -> Outcome {
    let headers = image.pe.nt_headers();
    let flags = headers.optional_header.dll_characteristics.get(LE);
    for (flag, option) in [
        (IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE, "/DYNAMICBASE"),
        (IMAGE_DLLCHARACTERISTICS_NX_COMPAT, "/NXCOMPAT"),
        (IMAGE_DLLCHARACTERISTICS_FORCE_INTEGRITY, "/INTEGRITYCHECK"),
    ] {
        if flags.0 & flag.0 == 0 {
            return Err(format!(
                "it was linked without {option}: build.rs must call configure_wdk_binary_build"
            ));
        }
    }
    let characteristics = headers.file_header.characteristics.get(LE);
    if characteristics.0 & IMAGE_FILE_RELOCS_STRIPPED.0 != 0 {
        return Err("it is bound to its preferred base: link it without /FIXED".to_owned());
    }
    Ok("dynamic base, no execution of data, signature required".to_owned())
}

/// The loader refuses a driver with a wrong one.
pub fn checksum(image: &Image<'_>) -> Outcome {
    let stored = image.pe.nt_headers().optional_header.check_sum.get(LE);
    let due = checksum::compute(image.bytes).ok_or("the headers are cut off")?;
    if stored != due {
        return Err(format!(
            "it is {stored:#x} and ought to be {due:#x}: the linker needs /RELEASE (build.rs)"
        ));
    }
    Ok(format!("{stored:#x}"))
}
