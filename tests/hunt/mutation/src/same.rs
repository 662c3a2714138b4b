//! Whether two builds are the same driver.

use anyhow::{Context as _, Result};
use object::LittleEndian as LE;
use object::read::pe::PeFile64;

/// What the kernel sees of an image: its sections, without the debug directory, which has a hash of the
/// debug information and so of the mutant's text.
pub fn contents(bytes: &[u8]) -> Result<Vec<u8>> {
    let file = PeFile64::parse(bytes).context("csq.sys")?;
    let debug = file
        .data_directory(object::pe::IMAGE_DIRECTORY_ENTRY_DEBUG)
        .map(|entry| (entry.virtual_address.get(LE), entry.size.get(LE)));
    let sections = file.section_table();
    let mut hidden = Vec::new();
    if let Some((address, size)) = debug {
        hidden.push((address, size));
        let entries = sections.pe_data_at(bytes, address).unwrap_or_default();
        // Twenty-eight bytes each; four at 16 are the size of what each is about, four at 20 its address.
        for entry in entries
            .get(..size as usize)
            .unwrap_or_default()
            .chunks_exact(28)
        {
            let word = |at: usize| {
                let bytes = entry.get(at..at + 4).and_then(|it| it.try_into().ok());
                bytes.map_or(0, u32::from_le_bytes)
            };
            hidden.push((word(20), word(16)));
        }
    }
    let mut all = Vec::new();
    for section in sections.iter() {
        let start = section.virtual_address.get(LE);
        let data = section.pe_data(bytes).context("a section's data")?;
        all.extend_from_slice(&start.to_le_bytes());
        all.extend(data.iter().zip(start..).map(|(byte, address)| {
            let secret = hidden
                .iter()
                .any(|(from, size)| (*from..from + size).contains(&address));
            if secret { 0 } else { *byte }
        }));
    }
    Ok(all)
}
