//! Where an image's code is, and what refers to it from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use object::LittleEndian as LE;
use object::pe::IMAGE_SCN_MEM_EXECUTE;
use object::read::pe::{ExportTarget, PeFile64};

use crate::{Imported, relocations};

/// What of an image its call graph is read from. Addresses count from its preferred base on.
#[derive(Debug)]
pub struct Source<'a> {
    /// The contents of the sections with code, and where they begin.
    pub code: Vec<(u64, &'a [u8])>,
    /// The import address table: where the address of which routine will be.
    pub imports: BTreeMap<u64, String>,
    /// Where the image starts, what it exports, and the pointers in its data. What is no code is
    /// passed over.
    pub pointers: BTreeSet<u64>,
}

impl<'a> Source<'a> {
    /// Collects it from an image that has these imports.
    ///
    /// # Errors
    ///
    /// A section, the exports or the relocations are cut off.
    pub fn of(
        pe: &PeFile64<'a>,
        bytes: &'a [u8],
        imports: &[Imported],
    ) -> object::read::Result<Self> {
        let optional = &pe.nt_headers().optional_header;
        let base = optional.image_base.get(LE);
        let at = |offset: u32| base.wrapping_add(u64::from(offset));

        let mut code = Vec::new();
        let mut pointers = BTreeSet::from([at(optional.address_of_entry_point.get(LE))]);
        let relocated = relocations::of(pe, bytes)?;
        for section in pe.section_table().iter() {
            let start = section.virtual_address.get(LE);
            let data = section.pe_data(bytes)?;
            if section.characteristics.get(LE).0 & IMAGE_SCN_MEM_EXECUTE.0 != 0 {
                code.push((at(start), data));
            }
            let places = relocated.range(start..start.saturating_add(section.virtual_size.get(LE)));
            pointers.extend(places.filter_map(|place| {
                let offset = usize::try_from(place - start).ok()?;
                let value = data.get(offset..)?.first_chunk()?;
                Some(u64::from_le_bytes(*value))
            }));
        }
        if let Some(table) = pe.export_table()? {
            for export in table.exports()? {
                if let ExportTarget::Address(address) = export.target {
                    pointers.insert(at(address));
                }
            }
        }
        let imports = imports
            .iter()
            .map(|import| (at(import.slot), import.name.clone()));
        Ok(Self {
            code,
            imports: imports.collect(),
            pointers,
        })
    }

    pub(super) fn is_code(&self, address: u64) -> bool {
        self.code
            .iter()
            .any(|(start, bytes)| range(*start, bytes).contains(&address))
    }
}

/// The addresses of `bytes` when they are at `start`.
pub(super) fn range(start: u64, bytes: &[u8]) -> Range<u64> {
    start..start.saturating_add(bytes.len() as u64)
}
