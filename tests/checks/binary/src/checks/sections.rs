//! Rules about the sections.

use object::LittleEndian as LE;
use object::pe::{
    IMAGE_SCN_MEM_DISCARDABLE, IMAGE_SCN_MEM_EXECUTE, IMAGE_SCN_MEM_WRITE, ImageSectionHeader,
};

use super::Outcome;
use crate::{Image, relocations};

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

/// Nothing of the driver is paged out or discarded, but the relocations, which only the loader
/// reads: its routines run at `DISPATCH_LEVEL`, and until it is unloaded (TR-43, TR-51).
pub fn resident(image: &Image<'_>) -> Outcome {
    let mut names = Vec::new();
    for section in image.pe.section_table().iter() {
        let name = name(section);
        let discarded = section.characteristics.get(LE).0 & IMAGE_SCN_MEM_DISCARDABLE.0 != 0;
        if name.starts_with("PAGE") || (discarded && name != ".reloc") {
            return Err(format!(
                "section {name} may be paged out or discarded: the driver's code must stay resident"
            ));
        }
        names.push(name);
    }
    Ok(names.join(" "))
}

/// Every pointer into the image is one that the loader adjusts.
///
/// An image whose code has relative addresses only, and no pointer in its data, has no relocations.
/// So what is demanded is that nothing looks like a pointer and has none.
pub fn relocation(image: &Image<'_>) -> Outcome {
    let relocated = relocations::of(&image.pe, image.bytes)
        .map_err(|error| format!("the relocations are broken ({error}): link it again"))?;
    let optional = &image.pe.nt_headers().optional_header;
    let base = optional.image_base.get(LE);
    let addresses = base..base.saturating_add(u64::from(optional.size_of_image.get(LE)));
    for section in image.pe.section_table().iter() {
        let data = section.pe_data(image.bytes).map_err(|error| {
            format!(
                "section {} is cut off ({error}): link it again",
                name(section)
            )
        })?;
        // Nothing is beyond the last address that 32 bits can say.
        let first = section.virtual_address.get(LE);
        for (offset, value) in (first..u32::MAX).step_by(8).zip(data.as_chunks::<8>().0) {
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

fn name(section: &ImageSectionHeader) -> String {
    crate::text(section.raw_name())
}
