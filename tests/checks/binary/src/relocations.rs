//! Where the loader adjusts addresses when it puts an image elsewhere than the linker assumed.

use std::collections::BTreeSet;

use object::LittleEndian as LE;
use object::pe::{IMAGE_DIRECTORY_ENTRY_BASERELOC, IMAGE_REL_BASED_DIR64};
use object::read::pe::{PeFile64, RelocationBlockIterator};

/// The places of all 64-bit addresses, relative to the image's base.
///
/// # Errors
///
/// The table is cut off.
pub fn of(pe: &PeFile64<'_>, bytes: &[u8]) -> object::read::Result<BTreeSet<u32>> {
    let mut places = BTreeSet::new();
    let Some(directory) = pe.data_directory(IMAGE_DIRECTORY_ENTRY_BASERELOC) else {
        return Ok(places);
    };
    if directory.size.get(LE) == 0 {
        return Ok(places);
    }
    let data = directory.data(bytes, &pe.section_table())?;
    let mut blocks = RelocationBlockIterator::new(data);
    while let Some(block) = blocks.next()? {
        // The others are padding.
        let addresses = block.filter(|relocation| relocation.typ == IMAGE_REL_BASED_DIR64);
        places.extend(addresses.map(|relocation| relocation.virtual_address));
    }
    Ok(places)
}
