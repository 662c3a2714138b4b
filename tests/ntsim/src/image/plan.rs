//! What is in a .sys file: everything the loader needs, checked, before anything is mapped.
//!
//! This part reads input of unknown origin and is safe Rust on slices: a damaged file is an error,
//! never a panic.

use std::collections::BTreeSet;
use std::ops::Range;

use object::read::pe::{ImageNtHeaders, ImageThunkData, Import, PeFile64};
use object::{LittleEndian as LE, U64};
use object::{Object, pe};

use super::error::ImageError;
use crate::mapping::{PAGE, Protection, pages};

/// Larger images are refused: no driver is, and the size comes from the file.
const MAX_SIZE: usize = 64 << 20;

/// One imported function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedFunction {
    /// The exporting image, in lower case.
    pub library: String,
    /// The function, or `#n` for an ordinal.
    pub name: String,
    /// Where in the image its address goes.
    pub slot: usize,
}

/// A range of pages with one protection.
#[derive(Clone, Debug)]
pub struct Section {
    /// Offset in the image.
    pub start: usize,
    /// Length in bytes, whole pages.
    pub length: usize,
    /// What the driver may do with it.
    pub protection: Protection,
}

/// A driver's image as the file describes it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The image laid out in memory, not relocated, nothing bound.
    pub bytes: Vec<u8>,
    /// Offset of `DriverEntry`.
    pub entry: usize,
    /// The base the linker assumed.
    pub preferred_base: u64,
    /// Offsets of 64-bit addresses to adjust.
    pub relocations: Vec<usize>,
    /// The imported functions, in the order of the file.
    pub imports: Vec<ImportedFunction>,
    /// The sections, in the order of the file.
    pub sections: Vec<Section>,
    /// Offset of the security cookie, if the image has one.
    pub cookie: Option<usize>,
    /// Offsets where functions begin, or parts of them.
    pub functions: BTreeSet<usize>,
    /// Where the table of functions is that says how to leave them (`.pdata`).
    pub function_table: Range<usize>,
    /// What its PDB, if it has one, is known by.
    pub identity: Option<[u8; 16]>,
}

#[expect(clippy::needless_pass_by_value, reason = "for use with map_err")]
fn damaged(what: impl ToString) -> ImageError {
    ImageError::Damaged(what.to_string())
}

impl Plan {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ImageError`] for anything that is not an x64 driver.
    pub fn parse(data: &[u8]) -> Result<Self, ImageError> {
        check_machine(data)?;
        let file = PeFile64::parse(data).map_err(|error| ImageError::NotPe(error.to_string()))?;
        let header = file.nt_headers().optional_header();
        if header.subsystem.get(LE) != pe::IMAGE_SUBSYSTEM_NATIVE {
            return Err(ImageError::NotNative(header.subsystem.get(LE).0));
        }
        let size = pages(header.size_of_image.get(LE) as usize) * PAGE;
        if size == 0 || size > MAX_SIZE {
            return Err(damaged(format!("an image of {size} bytes")));
        }
        let mut plan = Self {
            bytes: vec![0; size],
            entry: header.address_of_entry_point.get(LE) as usize,
            preferred_base: header.image_base.get(LE),
            relocations: Vec::new(),
            imports: Vec::new(),
            sections: Vec::new(),
            cookie: None,
            functions: BTreeSet::new(),
            function_table: 0..0,
            identity: file.pdb_info().ok().flatten().map(|pdb| pdb.guid()),
        };
        let headers = header.size_of_headers.get(LE) as usize;
        plan.place(
            0,
            data.get(..headers).ok_or_else(|| damaged("the headers"))?,
        )?;
        plan.read_sections(&file, data)?;
        if !plan.is_code(plan.entry) {
            return Err(damaged("the entry point is not in a code section"));
        }
        plan.read_relocations(&file, data)?;
        plan.read_imports(&file)?;
        plan.read_cookie(&file, data);
        plan.read_functions(&file, data);
        Ok(plan)
    }

    fn place(&mut self, offset: usize, bytes: &[u8]) -> Result<(), ImageError> {
        let end = offset
            .checked_add(bytes.len())
            .ok_or_else(|| damaged("a section"))?;
        self.bytes
            .get_mut(offset..end)
            .ok_or_else(|| damaged("a section beyond the end of the image"))?
            .copy_from_slice(bytes);
        Ok(())
    }

    fn read_sections(&mut self, file: &PeFile64<'_>, data: &[u8]) -> Result<(), ImageError> {
        for section in file.section_table().iter() {
            let start = section.virtual_address.get(LE) as usize;
            let raw = section.pe_data(data).map_err(damaged)?;
            // All of it has to be there, also the padding that is not mapped.
            let (offset, size) = (
                section.pointer_to_raw_data.get(LE) as usize,
                section.size_of_raw_data.get(LE) as usize,
            );
            if offset.saturating_add(size) > data.len() {
                return Err(damaged("a section beyond the end of the file"));
            }
            let length = (section.virtual_size.get(LE) as usize).max(raw.len());
            if !start.is_multiple_of(PAGE) {
                return Err(ImageError::Unsupported(
                    "sections smaller than a page".into(),
                ));
            }
            if start
                .checked_add(length)
                .is_none_or(|end| end > self.bytes.len())
            {
                return Err(damaged("a section beyond the end of the image"));
            }
            self.place(start, raw)?;
            let flags = section.characteristics.get(LE).0;
            let executable = flags & pe::IMAGE_SCN_MEM_EXECUTE.0 != 0;
            let writable = flags & pe::IMAGE_SCN_MEM_WRITE.0 != 0;
            // INIT sections of older linkers are both; the kernel writes them, drivers do not.
            let protection = match (executable, writable) {
                (true, _) => Protection::ReadExecute,
                (false, true) => Protection::ReadWrite,
                (false, false) => Protection::Read,
            };
            let length = pages(length) * PAGE;
            if length != 0 {
                self.sections.push(Section {
                    start,
                    length,
                    protection,
                });
            }
        }
        Ok(())
    }

    fn is_code(&self, offset: usize) -> bool {
        self.sections.iter().any(|section| {
            section.protection == Protection::ReadExecute
                && (section.start..section.start + section.length).contains(&offset)
        })
    }

    fn read_relocations(&mut self, file: &PeFile64<'_>, data: &[u8]) -> Result<(), ImageError> {
        let blocks = file
            .data_directories()
            .relocation_blocks(data, &file.section_table())
            .map_err(damaged)?;
        let Some(mut blocks) = blocks else {
            return Ok(());
        };
        while let Some(block) = blocks.next().map_err(damaged)? {
            for relocation in block {
                let offset = relocation.virtual_address as usize;
                match relocation.typ {
                    pe::IMAGE_REL_BASED_ABSOLUTE => {}
                    pe::IMAGE_REL_BASED_DIR64 if offset + size_of::<u64>() <= self.bytes.len() => {
                        self.relocations.push(offset);
                    }
                    pe::IMAGE_REL_BASED_DIR64 => return Err(damaged("a relocation")),
                    other => {
                        return Err(ImageError::Unsupported(format!(
                            "relocations of type {}",
                            other.0
                        )));
                    }
                }
            }
        }
        Ok(())
    }

    fn read_imports(&mut self, file: &PeFile64<'_>) -> Result<(), ImageError> {
        let Some(table) = file.import_table().map_err(damaged)? else {
            return Ok(());
        };
        let mut descriptors = table.descriptors().map_err(damaged)?;
        while let Some(descriptor) = descriptors.next().map_err(damaged)? {
            let library = table.name(descriptor.name.get(LE)).map_err(damaged)?;
            let library = String::from_utf8_lossy(library).to_ascii_lowercase();
            let addresses = descriptor.first_thunk.get(LE);
            let names = match descriptor.original_first_thunk.get(LE) {
                0 => addresses,
                names => names,
            };
            let mut thunks = table.thunks(names).map_err(damaged)?;
            let mut slot = addresses as usize;
            while let Some(thunk) = thunks.next::<pe::ImageNtHeaders64>().map_err(damaged)? {
                debug_assert!(thunk.raw() != 0, "the iterator ends at zero");
                let import = table
                    .import::<pe::ImageNtHeaders64>(thunk)
                    .map_err(damaged)?;
                let name = match import {
                    Import::Name(_, name) => String::from_utf8_lossy(name).into_owned(),
                    Import::Ordinal(ordinal) => format!("#{ordinal}"),
                };
                if slot + size_of::<usize>() > self.bytes.len() {
                    return Err(damaged("an import"));
                }
                self.imports.push(ImportedFunction {
                    library: library.clone(),
                    name,
                    slot,
                });
                slot += size_of::<usize>();
            }
        }
        Ok(())
    }

    /// Finds the cookie that `GsDriverEntry` of an MSVC-built driver insists on. An image without a
    /// load configuration, or with an old short one, has none.
    fn read_cookie(&mut self, file: &PeFile64<'_>, data: &[u8]) {
        const COOKIE: usize = 0x58;
        let directory = file
            .data_directories()
            .get(pe::IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG);
        let Some(bytes) = directory.and_then(|it| it.data(data, &file.section_table()).ok()) else {
            return;
        };
        let Some(field) = bytes.get(COOKIE..COOKIE + size_of::<u64>()) else {
            return;
        };
        let Ok((value, _)) = object::pod::from_bytes::<U64<LE>>(field) else {
            return;
        };
        let offset = value.get(LE).wrapping_sub(self.preferred_base);
        self.cookie = usize::try_from(offset)
            .ok()
            .filter(|offset| offset.saturating_add(size_of::<u64>()) <= self.bytes.len());
    }

    /// A table that is damaged says less.
    fn read_functions(&mut self, file: &PeFile64<'_>, data: &[u8]) {
        /// Begin, end and unwind information.
        const ENTRY: usize = 12;
        let directory = file
            .data_directories()
            .get(pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION);
        if let Some(directory) = directory {
            let start = directory.virtual_address.get(LE) as usize;
            self.function_table = start..start.saturating_add(directory.size.get(LE) as usize);
        }
        let table = directory.and_then(|it| it.data(data, &file.section_table()).ok());
        for entry in table.unwrap_or_default().chunks_exact(ENTRY) {
            if let Some(begin) = entry.first_chunk::<4>() {
                let begin = u32::from_le_bytes(*begin) as usize;
                if self.is_code(begin) {
                    self.functions.insert(begin);
                }
            }
        }
    }

    /// Whether the driver may write what is at an offset.
    #[must_use]
    pub fn is_writable(&self, offset: usize) -> bool {
        self.sections.iter().any(|section| {
            section.protection == Protection::ReadWrite
                && (section.start..section.start + section.length).contains(&offset)
        })
    }

    /// The offsets that addresses in the image, as it is at `base`, point to.
    #[must_use]
    pub fn targets(&self, bytes: &[u8], base: usize) -> Vec<usize> {
        let address = |&offset: &usize| {
            let field = bytes.get(offset..)?.first_chunk::<8>()?;
            usize::try_from(u64::from_le_bytes(*field))
                .ok()?
                .checked_sub(base)
        };
        self.relocations.iter().filter_map(address).collect()
    }

    /// The image as it has to be at `base`, with each import bound to what `resolve` gives.
    pub fn at(
        &self,
        base: usize,
        mut resolve: impl FnMut(usize, &ImportedFunction) -> usize,
    ) -> Vec<u8> {
        /// Any value but the linker's default and 0 will do; a fixed one keeps runs alike.
        const COOKIE: u64 = 0x0000_6e74_7369_6d21;
        let mut bytes = self.bytes.clone();
        let delta = (base as u64).wrapping_sub(self.preferred_base);
        for &offset in &self.relocations {
            patch(&mut bytes, offset, |value| value.wrapping_add(delta));
        }
        for (index, import) in self.imports.iter().enumerate() {
            let address = resolve(index, import) as u64;
            patch(&mut bytes, import.slot, |_| address);
        }
        if let Some(offset) = self.cookie {
            patch(&mut bytes, offset, |_| COOKIE);
        }
        bytes
    }
}

fn patch(bytes: &mut [u8], offset: usize, change: impl FnOnce(u64) -> u64) {
    if let Some(field) = bytes
        .get_mut(offset..)
        .and_then(<[u8]>::first_chunk_mut::<8>)
    {
        *field = change(u64::from_le_bytes(*field)).to_le_bytes();
    }
}

/// Tells a PE image for another processor from something that is no PE image.
fn check_machine(data: &[u8]) -> Result<(), ImageError> {
    let not_pe = |what: &str| ImageError::NotPe(what.into());
    if data.get(..2) != Some(b"MZ") {
        return Err(not_pe("no MZ signature"));
    }
    let offset = data
        .get(0x3c..0x40)
        .and_then(|bytes| bytes.first_chunk::<4>())
        .map(|bytes| u32::from_le_bytes(*bytes) as usize)
        .ok_or_else(|| not_pe("too short for its header"))?;
    let header = data.get(offset..).unwrap_or_default();
    if header.get(..4) != Some(b"PE\0\0") {
        return Err(not_pe("no PE signature"));
    }
    let machine = match header.get(4..6) {
        Some(&[low, high]) => u16::from_le_bytes([low, high]),
        _ => return Err(not_pe("too short for its header")),
    };
    match pe::Machine(machine) {
        pe::IMAGE_FILE_MACHINE_AMD64 => Ok(()),
        pe::IMAGE_FILE_MACHINE_I386 => Err(ImageError::WrongMachine("32-bit x86")),
        pe::IMAGE_FILE_MACHINE_ARM64 => Err(ImageError::WrongMachine("ARM64")),
        pe::IMAGE_FILE_MACHINE_ARMNT => Err(ImageError::WrongMachine("32-bit ARM")),
        _ => Err(ImageError::WrongMachine("an unknown processor")),
    }
}
