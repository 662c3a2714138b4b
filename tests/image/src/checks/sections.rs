//! Rules about the sections.

use std::collections::BTreeSet;

use object::LittleEndian as LE;
use object::pe::{
    IMAGE_DIRECTORY_ENTRY_BASERELOC, IMAGE_SCN_MEM_EXECUTE, IMAGE_SCN_MEM_WRITE, ImageSectionHeader,
};

use super::Outcome;
use crate::Image;

/// No memory of the driver is both writable and executable.
pub fn writable_or_executable(image: &Image<'_>) -> Outcome {
    let both = IMAGE_SCN_MEM_WRITE.0 | IMAGE_SCN_MEM_EXECUTE.0;
    for section in image.pe.section_table().iter() {
        if section.characteristics.get(LE).0 & both == both {
            return Err(format!(
                "section {} is writable and executable: find what asks for that",
                name(section)
            ));
        }
    }
    Ok("no section is writable and executable".to_owned())
}

/// Nothing of the driver is paged out or discarded: its routines run at `DISPATCH_LEVEL` (TR-43,
/// TR-51).
pub fn resident(image: &Image<'_>) -> Outcome {
    let names: Vec<String> = image.pe.section_table().iter().map(name).collect();
    for name in &names {
        if name.starts_with("PAGE") || name.starts_with("INIT") {
            return Err(format!(
                "section {name} may be paged out or discarded: the driver's code must stay resident"
            ));
        }
    }
    Ok(names.join(" "))
}

/// Every pointer into the image is one that the loader adjusts.
///
/// An image whose code has relative addresses only, and no pointer in its data, has no relocations.
/// So what is demanded is that nothing looks like a pointer and has none.
pub fn relocation(image: &Image<'_>) -> Outcome {
    let relocated = relocated(image)
        .map_err(|error| format!("the relocations are broken ({error}): link it again"))?;
    let optional = &image.pe.nt_headers().optional_header;
    let base = optional.image_base.get(LE);
    let addresses = base..base + u64::from(optional.size_of_image.get(LE));
    for section in image.pe.section_table().iter() {
        let data = section.pe_data(image.bytes).map_err(|error| {
            format!(
                "section {} is cut off ({error}): link it again",
                name(section)
            )
        })?;
        let first = section.virtual_address.get(LE);
        for (offset, value) in (first..).step_by(8).zip(data.as_chunks::<8>().0) {
            let value = u64::from_le_bytes(*value);
            if addresses.contains(&value) && !relocated.contains(&offset) {
                return Err(format!(
                    "at {offset:#x} is the address {value:#x} without a relocation: link it without /FIXED"
                ));
            }
        }
    }
    Ok(match relocated.len() {
        0 => "no absolute address in it".to_owned(),
        number => format!("{number} absolute addresses, all relocated"),
    })
}

/// Where the loader adjusts an address, relative to the image's base.
fn relocated(image: &Image<'_>) -> object::read::Result<BTreeSet<u32>> {
    let mut places = BTreeSet::new();
    let Some(directory) = image.pe.data_directory(IMAGE_DIRECTORY_ENTRY_BASERELOC) else {
        return Ok(places);
    };
    if directory.size.get(LE) == 0 {
        return Ok(places);
    }
    let data = directory.data(image.bytes, &image.pe.section_table())?;
    let mut blocks = object::read::pe::RelocationBlockIterator::new(data);
    while let Some(block) = blocks.next()? {
        places.extend(block.map(|relocation| relocation.virtual_address));
    }
    Ok(places)
}

fn name(section: &ImageSectionHeader) -> String {
    String::from_utf8_lossy(section.raw_name()).into_owned()
}
