//! The image loader: puts a .sys into this process as the kernel would.

mod error;
mod interlocked;
mod plan;
mod symbols;

use std::cell::Cell;
use std::hash::Hasher;
use std::ops::Range;
use std::path::Path;

pub use error::ImageError;
pub use interlocked::{Access, Site, Way};
pub use plan::{ImportedFunction, Plan};

use crate::guest;
use crate::mapping::{Mapping, PAGE, Protection, pages};
use symbols::Symbols;

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

/// A driver's image in memory. Belongs to one OS thread.
#[derive(Debug)]
pub struct Image {
    mapping: Mapping,
    plan: Plan,
    bytes: Vec<u8>,
    imports: Vec<Import>,
    /// In the order of their offsets, and of those of their stubs.
    sites: Vec<Site>,
    /// Where the stubs are.
    stubs: Range<usize>,
    /// How the driver gets to their stubs now.
    way: Way,
    /// Whether its code may be executed.
    executable: Cell<bool>,
    symbols: Symbols,
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
        let code = |plan: &Plan| -> Vec<Range<usize>> {
            let sections = plan.sections.iter();
            sections
                .filter(|section| section.protection == Protection::ReadExecute)
                .map(|section| section.start..section.start + section.length)
                .collect()
        };
        let code = code(&plan);
        let copies = pages(plan.bytes.len()) * PAGE;
        let room = interlocked::room(code.iter().cloned(), &plan.bytes, 0);
        let mapping = Mapping::new(copies + room, Protection::ReadWrite)
            .map_err(|error| ImageError::Memory(error.to_string()))?;
        guest::add_range(mapping.base()..mapping.base() + mapping.size());
        let mut imports = Vec::new();
        let mut bytes = plan.at(mapping.base(), |index, import| {
            let address = is_kernel(&import.library)
                .then(|| resolve(&import.name))
                .flatten();
            imports.push(Import {
                name: format!("{}!{}", import.library, import.name),
                resolved: address.is_some(),
            });
            address.unwrap_or(UNRESOLVED + index)
        });
        bytes.resize(copies, 0);
        let mut sites = Vec::new();
        let taken = plan.targets(&bytes, mapping.base());
        for section in code {
            let base = mapping.base();
            sites.extend(interlocked::install(
                &mut bytes, base, section, scheduler, &taken,
            ));
        }
        guest::store(mapping.base(), &bytes);
        for section in &plan.sections {
            mapping.protect(section.start, section.length, section.protection);
        }
        let stubs = copies..copies + pages(room) * PAGE;
        mapping.protect(stubs.start, stubs.len(), Protection::ReadExecute);
        Ok(Self {
            mapping,
            plan,
            bytes,
            imports,
            sites,
            stubs,
            way: Way::None,
            executable: Cell::new(true),
            symbols: Symbols::default(),
        })
    }

    /// Learns the functions' names from the linker's map or the PDB beside the image, if there is one; from
    /// the PDB also which instructions are atomic.
    pub fn read_symbols(&mut self, image: &Path) {
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

    /// Lets the driver get to the scheduler before its interlocked instructions, in some way.
    pub fn set_way(&mut self, way: Way) {
        if std::mem::replace(&mut self.way, way) != way && !self.sites.is_empty() {
            self.patch(self.sites.iter().flat_map(|site| site.bytes(way)));
        }
    }

    /// How the driver gets to the scheduler now.
    #[must_use]
    pub const fn way(&self) -> Way {
        self.way
    }

    /// Changes single bytes of the code and of the stubs, each at its offset.
    pub fn patch(&self, changes: impl IntoIterator<Item = (usize, u8)>) {
        let protect_stubs = |protection| {
            self.mapping
                .protect(self.stubs.start, self.stubs.len(), protection);
        };
        self.protect_code(Protection::ReadWrite);
        protect_stubs(Protection::ReadWrite);
        for (offset, byte) in changes {
            guest::write(self.base() + offset, byte);
        }
        protect_stubs(Protection::ReadExecute);
        self.protect_code(if self.executable.get() {
            Protection::ReadExecute
        } else {
            Protection::Read
        });
    }

    /// The byte of the image at an offset, as it was loaded.
    #[must_use]
    pub fn byte(&self, offset: usize) -> Option<u8> {
        self.bytes.get(offset).copied()
    }

    /// The interlocked instruction at an address.
    #[must_use]
    pub fn site_at(&self, address: usize) -> Option<&Site> {
        let offset = address.checked_sub(self.base())?;
        let index = self.sites.binary_search_by_key(&offset, |site| site.offset);
        self.sites.get(index.ok()?)
    }

    /// Where the instruction at this offset is executed: if it was moved together with the interlocked one
    /// before it, in that one's stub.
    #[must_use]
    pub fn executed_at(&self, offset: usize) -> usize {
        let after = self.sites.partition_point(|site| site.offset <= offset);
        let before = after.checked_sub(1).and_then(|index| self.sites.get(index));
        before
            .and_then(|site| site.copy_of(offset))
            .unwrap_or(offset)
    }

    /// The interlocked instruction whose stub an address is in.
    #[must_use]
    pub fn site_of_stub(&self, address: usize) -> Option<&Site> {
        let offset = address.checked_sub(self.base())?;
        let after = self
            .sites
            .partition_point(|site| site.stub().start <= offset);
        let site = self.sites.get(after.checked_sub(1)?)?;
        site.stub().contains(&offset).then_some(site)
    }

    /// How many interlocked instructions it has, each of which is a point for the scheduler.
    #[must_use]
    pub fn interlocked(&self) -> usize {
        self.sites.len()
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

    /// Makes the code executable or not; the race detector wants to know when the driver is entered.
    pub fn set_executable(&self, executable: bool) {
        if self.executable.replace(executable) == executable {
            return;
        }
        self.protect_code(if executable {
            Protection::ReadExecute
        } else {
            Protection::Read
        });
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

    /// The places in the code that `words`, found on a stack, return to, innermost first. The first
    /// word may be an instruction pointer. What looks like a return address can be one that was left
    /// from an earlier call, so this is a hint and not a proof.
    #[must_use]
    pub fn call_sites(&self, words: &[usize]) -> Vec<String> {
        const MOST: usize = 6;
        let mut sites = Vec::new();
        for (index, &word) in words.iter().enumerate() {
            let is_code = self.code().any(|code| code.contains(&word));
            if is_code && (index == 0 || self.follows_call(word)) && sites.len() < MOST {
                sites.push(self.describe(word));
            }
        }
        sites
    }

    /// Whether the instruction before `address` is a call.
    fn follows_call(&self, address: usize) -> bool {
        let offset = address - self.base();
        let byte = |back: usize| {
            offset
                .checked_sub(back)
                .and_then(|at| self.bytes.get(at))
                .copied()
        };
        let near = byte(5) == Some(0xe8);
        // FF /2 with a register, with a rip-relative address, or with a base and a displacement.
        let indirect = |back: usize, mask: u8, modrm: u8| {
            byte(back) == Some(0xff) && byte(back - 1).is_some_and(|it| it & mask == modrm)
        };
        near || indirect(2, 0xf8, 0xd0)
            || indirect(6, 0xff, 0x15)
            || indirect(3, 0xf8, 0x50)
            || indirect(2, 0xf8, 0x10)
    }

    /// Whether the instruction at an address is an atomic access of the source, as far as a PDB tells.
    #[must_use]
    pub fn is_atomic(&self, address: usize) -> bool {
        self.symbols.is_atomic(address.wrapping_sub(self.base()))
    }

    /// Names an address in the image: `driver+0x1040 (csq_insert_irp)`.
    #[must_use]
    pub fn describe(&self, address: usize) -> String {
        let offset = address.wrapping_sub(self.base());
        match self.symbols.at(offset) {
            Some(function) => format!("driver+{offset:#x} ({function})"),
            None => format!("driver+{offset:#x}"),
        }
    }
}

/// Whether the simulated kernel stands for this image.
fn is_kernel(library: &str) -> bool {
    matches!(library, "ntoskrnl.exe" | "hal.dll" | "wdmsec.sys")
}
