//! The image loader: puts a .sys into this process as the kernel would.

mod code;
mod error;
mod names;
mod plan;
mod sums;
mod symbols;
mod target;
mod translation;

use std::collections::BTreeSet;
use std::hash::Hasher;
use std::ops::Range;
use std::path::Path;

pub use code::{Kind, Operand, Site};
pub use error::ImageError;
pub use names::Place;
pub use plan::{ImportedFunction, Plan};
pub use translation::BREAKPOINT;

use crate::guest;
use crate::mapping::{Mapping, PAGE, Protection, pages};
use code::Code;
use symbols::Symbols;
use translation::Translation;

/// Imports that nothing provides are bound to addresses from here on, one each. Nothing is ever
/// mapped there, so a call faults and says which import it was.
const UNRESOLVED: usize = 0x1234_0000_0000;

/// An imported function and whether the simulated kernel has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// `library!function`.
    pub name: String,
    /// Whether a call reaches something.
    pub resolved: bool,
}

/// Which instructions of the driver come to the scheduler first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Those that are points.
    Points,
    /// All that touch memory which other threads may touch.
    Watched,
}

/// A driver's image in memory. Belongs to one OS thread.
#[derive(Debug)]
pub struct Image {
    mapping: Mapping,
    plan: Plan,
    bytes: Vec<u8>,
    imports: Vec<Import>,
    code: Code,
    /// Which ordinary instructions are points for the scheduler as well, by their offsets.
    points: BTreeSet<usize>,
    /// For each site, whether it is a point.
    is_point: Vec<bool>,
    /// Offsets that the driver, or the kernel, can jump to in a way that its branches do not show.
    targets: BTreeSet<usize>,
    /// What the copies of the code call.
    scheduler: usize,
    /// Where the copy is.
    copies: Range<usize>,
    /// The copy of the code that is executed.
    copy: Translation,
    /// How often the code was copied.
    copies_made: usize,
    way: Way,
    /// What reports call the driver.
    name: String,
    symbols: Symbols,
    /// Offsets where code jumps to `__C_specific_handler`.
    c_handlers: BTreeSet<usize>,
}

impl Image {
    /// Maps a driver and binds its imports by `resolve`. Its interlocked instructions will call `scheduler`.
    ///
    /// # Errors
    /// [`ImageError::Memory`].
    pub fn map(
        plan: Plan,
        resolve: impl Fn(&str) -> Option<usize>,
        scheduler: usize,
    ) -> Result<Self, ImageError> {
        let sections: Vec<Range<usize>> = plan
            .sections
            .iter()
            .filter(|section| section.protection == Protection::ReadExecute)
            .map(|section| section.start..section.start + section.length)
            .collect();
        let end = pages(plan.bytes.len()) * PAGE;
        // Where it will be changes no length that matters for the room.
        let read = |bytes: &[u8], base: usize| {
            let writable = |address: usize| plan.is_writable(address.wrapping_sub(base));
            Code::read(bytes, base, &sections, &plan.functions, writable)
        };
        let room = Translation::room(&read(&plan.bytes, 0));
        let mapping = Mapping::new(end + room, Protection::ReadWrite)
            .map_err(|error| ImageError::Memory(error.to_string()))?;
        let base = mapping.base();
        guest::add_range(base..base + mapping.size());
        let mut imports = Vec::new();
        let mut bytes = plan.at(base, |index, import| {
            let address = is_kernel(&import.library)
                .then(|| resolve(&import.name))
                .flatten();
            imports.push(Import {
                name: format!("{}!{}", import.library, import.name),
                resolved: address.is_some(),
            });
            address.unwrap_or(UNRESOLVED + index)
        });
        bytes.resize(end, 0);
        let code = read(&bytes, base);
        let taken = plan.targets(&bytes, base);
        let mut targets = target::find(&bytes, base, &sections, &code.instructions, taken);
        targets.insert(plan.entry);
        guest::store(base, &bytes);
        for section in &plan.sections {
            mapping.protect(section.start, section.length, section.protection);
        }
        let copies = end..mapping.size();
        mapping.protect(copies.start, copies.len(), Protection::ReadExecute);
        let mut image = Self {
            mapping,
            plan,
            bytes,
            imports,
            is_point: vec![false; code.sites.len()],
            code,
            points: BTreeSet::new(),
            targets,
            scheduler,
            copies,
            copy: Translation::default(),
            copies_made: 0,
            way: Way::Points,
            name: "driver".to_owned(),
            symbols: Symbols::default(),
            c_handlers: BTreeSet::new(),
        };
        image.find_handlers();
        image.translate();
        Ok(image)
    }

    /// The routine that handles exceptions for a C compiler is imported, and reached by a jump.
    fn find_handlers(&mut self) {
        let mut imports = self.plan.imports.iter();
        let Some(handler) = imports.find(|import| import.name == "__C_specific_handler") else {
            return;
        };
        let slot = (self.base() + handler.slot) as u64;
        let base = self.base();
        let jumps = self.code.instructions.iter().filter(|it| {
            it.is_jmp_near_indirect()
                && it.is_ip_rel_memory_operand()
                && it.ip_rel_memory_address() == slot
        });
        self.c_handlers = jumps.map(|it| it.ip() as usize - base).collect();
    }

    /// Whether the driver has frames that catch exceptions.
    #[must_use]
    pub fn catches(&self) -> bool {
        !self.c_handlers.is_empty()
    }

    /// Whether the handler at an offset is that of a C compiler, or one of its runtime that goes on to that.
    #[must_use]
    pub fn is_c_handler(&self, offset: usize) -> bool {
        /// Such a one is short.
        const LONGEST: u64 = 0x100;
        if self.c_handlers.contains(&offset) {
            return true;
        }
        let start = (self.base() + offset) as u64;
        let from = self.code.instructions.partition_point(|it| it.ip() < start);
        let own = self.code.instructions.iter().skip(from);
        own.take_while(|it| it.ip() < start + LONGEST).any(|it| {
            let target = it.near_branch_target() as usize;
            self.c_handlers.contains(&target.wrapping_sub(self.base()))
        })
    }

    /// The image as it is in the file.
    #[must_use]
    pub fn file_bytes(&self) -> &[u8] {
        &self.plan.bytes
    }

    /// Where its table of functions is.
    #[must_use]
    pub fn function_table(&self) -> Range<usize> {
        self.plan.function_table.clone()
    }

    /// The offset of the instruction at an address, be that in the original or in the copy.
    #[must_use]
    pub fn offset_of(&self, address: usize) -> Option<usize> {
        self.original(address).or_else(|| {
            let offset = address.checked_sub(self.base())?;
            (offset < self.bytes.len()).then_some(offset)
        })
    }

    /// Learns the functions' names from the linker's map or the PDB beside the image, if there is one; from
    /// the PDB also which instructions are atomic.
    pub fn read_symbols(&mut self, image: &Path) {
        if let Some(stem) = image.file_stem() {
            self.name = stem.to_string_lossy().into_owned();
        }
        let read = |extension: &str| std::fs::read(image.with_extension(extension)).ok();
        let from_map = || {
            let text = String::from_utf8(read("map")?).ok()?;
            Some(Symbols::parse(&text, self.plan.preferred_base))
        };
        // A report without names is better than none, so what is wrong with the PDB is not said.
        let from_pdb = || Symbols::from_pdb(&read("pdb")?, self.plan.identity?).ok()?;
        self.symbols = from_map().unwrap_or_default();
        self.symbols.complete(from_pdb().unwrap_or_default());
    }

    /// Makes the image as fresh as just after loading.
    pub fn restore(&self) {
        for (start, length) in self.writable() {
            if let Some(bytes) = self.bytes.get(start..start + length) {
                guest::store(self.base() + start, bytes);
            }
        }
    }

    /// The offsets and lengths of what the driver may write.
    fn writable(&self) -> impl Iterator<Item = (usize, usize)> {
        let sections = self.plan.sections.iter();
        sections
            .filter(|section| section.protection == Protection::ReadWrite)
            .map(|section| (section.start, section.length))
    }

    /// What the driver has written into itself, to begin other runs with.
    #[must_use]
    pub fn save(&self) -> Vec<Vec<u8>> {
        self.writable()
            .map(|(start, length)| guest::load(self.base() + start, length))
            .collect()
    }

    /// Makes the image what it was when it was saved.
    pub fn load(&self, saved: &[Vec<u8>]) {
        for ((start, _), bytes) in self.writable().zip(saved) {
            guest::store(self.base() + start, bytes);
        }
    }

    /// Everything in it that what the driver does can depend on.
    pub fn hash_memory(&self, hasher: &mut impl Hasher) {
        for (start, length) in self.writable() {
            guest::with_bytes(self.base() + start, length, |bytes| hasher.write(bytes));
        }
    }

    /// Lets the driver come to the scheduler before these instructions.
    pub fn set_way(&mut self, way: Way) {
        if std::mem::replace(&mut self.way, way) != way {
            self.translate();
        }
    }

    /// Makes ordinary instructions points as well, by their offsets, and no others.
    pub fn set_points(&mut self, points: &BTreeSet<usize>) {
        if self.points == *points {
            return;
        }
        self.points.clone_from(points);
        if self.way == Way::Watched {
            // They come to the scheduler anyway.
            self.mark_points();
        } else {
            self.translate();
        }
    }

    /// The ordinary instructions that are points.
    #[must_use]
    pub const fn points(&self) -> &BTreeSet<usize> {
        &self.points
    }

    /// The offsets of all instructions that touch memory which other threads may touch.
    pub fn sites(&self) -> impl Iterator<Item = usize> {
        self.code.sites.iter().map(|site| site.offset)
    }

    fn mark_points(&mut self) {
        let is_point = |site: &Site| site.kind != Kind::Plain || self.points.contains(&site.offset);
        self.is_point = self.code.sites.iter().map(is_point).collect();
    }

    /// Makes the copy of the code that calls the scheduler, and leads everybody there.
    fn translate(&mut self) {
        self.mark_points();
        let all = self.way == Way::Watched;
        let wanted = |site: usize| all || self.is_point.get(site) == Some(&true);
        let base = self.base();
        let copy = Translation::new(&self.code, base, self.copies.start, self.scheduler, wanted);
        let Some(copy) = copy else {
            // The original is executed, and nobody comes between two of its instructions.
            self.code.unread += 1;
            self.code.sites.clear();
            return;
        };
        let changes = copy.content().chain(copy.entries(&self.targets));
        self.patch(changes);
        self.copies_made += 1;
        self.copy = copy;
    }

    /// Changes single bytes of the code and of its copy, each at its offset.
    pub fn patch(&self, changes: impl IntoIterator<Item = (usize, u8)>) {
        let protect = |protection| {
            self.protect_code(protection);
            let copies = &self.copies;
            self.mapping.protect(copies.start, copies.len(), protection);
        };
        protect(Protection::ReadWrite);
        for (offset, byte) in changes {
            guest::write(self.base() + offset, byte);
        }
        protect(Protection::ReadExecute);
    }

    /// How often the code was copied: what was changed in a copy is gone with the next.
    #[must_use]
    pub const fn copies_made(&self) -> usize {
        self.copies_made
    }

    /// The byte at an offset, as it is now.
    #[must_use]
    pub fn byte(&self, offset: usize) -> u8 {
        guest::read(self.base() + offset)
    }

    /// The byte at an address, as it is now, if that is in the original.
    #[must_use]
    pub fn byte_at(&self, address: usize) -> Option<u8> {
        let offset = address.checked_sub(self.base())?;
        (offset < self.bytes.len()).then(|| self.byte(offset))
    }

    /// Where the instruction at this offset is executed.
    #[must_use]
    pub fn executed_at(&self, offset: usize) -> usize {
        self.copy.copy_of(offset).unwrap_or(offset)
    }

    /// The offset of the instruction that is executed at an address.
    #[must_use]
    pub fn original(&self, address: usize) -> Option<usize> {
        self.copy.original(address.checked_sub(self.base())?)
    }

    /// The address where the instruction at an address of the original is executed.
    #[must_use]
    pub fn copy_of(&self, address: usize) -> Option<usize> {
        let copy = self.copy.copy_of(address.checked_sub(self.base())?)?;
        Some(self.base() + copy)
    }

    /// The instruction whose call of the scheduler comes back to an address, and whether it is a point.
    #[must_use]
    pub fn site_of_call(&self, address: usize) -> Option<(&Site, bool)> {
        let index = self.copy.site(address.checked_sub(self.base())?)?;
        Some((self.code.sites.get(index)?, *self.is_point.get(index)?))
    }

    /// How many interlocked instructions it has, each of which is a point for the scheduler.
    #[must_use]
    pub fn interlocked(&self) -> usize {
        let sites = self.code.sites.iter();
        sites.filter(|site| site.kind != Kind::Plain).count()
    }

    /// Whether all of its code was read, so that nothing it does goes unnoticed.
    #[must_use]
    pub const fn is_read(&self) -> bool {
        self.code.unread == 0
    }

    /// The address of the first byte.
    #[must_use]
    pub fn base(&self) -> usize {
        self.mapping.base()
    }

    /// Length in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.mapping.size()
    }

    /// The address of `DriverEntry`.
    #[must_use]
    pub fn entry(&self) -> usize {
        self.base() + self.plan.entry
    }

    /// What it imports.
    #[must_use]
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// How many addresses were relocated.
    #[must_use]
    pub fn relocations(&self) -> usize {
        self.plan.relocations.len()
    }

    /// The address ranges of its code.
    pub fn code(&self) -> impl Iterator<Item = Range<usize>> {
        let sections = self.plan.sections.iter();
        sections
            .filter(|section| section.protection == Protection::ReadExecute)
            .map(|section| {
                self.base() + section.start..self.base() + section.start + section.length
            })
    }

    fn protect_code(&self, protection: Protection) {
        for section in &self.plan.sections {
            if section.protection == Protection::ReadExecute {
                self.mapping
                    .protect(section.start, section.length, protection);
            }
        }
    }

    /// The import that a call of `address` meant, if it is one that nothing provides.
    #[must_use]
    pub fn unresolved(&self, address: usize) -> Option<&str> {
        let index = address.checked_sub(UNRESOLVED)?;
        self.imports.get(index).map(|import| import.name.as_str())
    }

    /// Whether the instruction at an address is an atomic access of the source, as far as a PDB tells.
    #[must_use]
    pub fn is_atomic(&self, address: usize) -> bool {
        self.symbols.is_atomic(address.wrapping_sub(self.base()))
    }
}

/// Whether the simulated kernel stands for this image.
fn is_kernel(library: &str) -> bool {
    matches!(
        library,
        "ntoskrnl.exe" | "hal.dll" | "wdmsec.sys" | "wmilib.sys"
    )
}
