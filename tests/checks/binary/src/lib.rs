//! What the shipped `csq.sys` must be, checked on its bytes; and the version that `csqctl.exe` says it has.
//!
//! | module | what is in it |
//! |---|---|
//! | [`checks`] | the rules, one function each |
//! | [`code`] | who calls whom, by disassembly |
//! | [`declared`] | the imports that the sources announce |
//! | [`map`] | the linker's map, which has the names of the functions in the image |
//! | [`relocations`] | where the image has addresses |
//! | [`checksum`] | the checksum that the kernel's loader compares |
//! | [`version`] | the version resource |

pub mod checks;
pub mod checksum;
pub mod code;
pub mod declared;
pub mod map;
pub mod relocations;
pub mod version;

use anyhow::{Context, Result};
use object::LittleEndian as LE;
use object::read::pe::{Import, PeFile64};

use crate::code::{Code, Source};
use crate::declared::Declared;
use crate::map::Map;

/// An image with what it is judged by.
pub struct Image<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// The same, parsed.
    pub pe: PeFile64<'a>,
    /// What it imports, in the order of the import table.
    pub imports: Vec<Imported>,
    /// The linker's map of it.
    pub map: Map,
    /// What the sources say that it imports.
    pub declared: Declared,
    code: Result<Code, String>,
}

/// A routine that an image imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The file name of the module that exports it.
    pub module: String,
    /// Its name, or `#` and its number if it is imported by that.
    pub name: String,
    /// Where its address will be, relative to the image's base.
    pub slot: u32,
}

impl<'a> Image<'a> {
    /// Parses an image; `map` and `declared` belong to it.
    ///
    /// # Errors
    ///
    /// `bytes` is no 64-bit PE image, or one whose import table cannot be followed.
    pub fn new(bytes: &'a [u8], map: Map, declared: Declared) -> Result<Self> {
        let pe = PeFile64::parse(bytes).context("it is not a 64-bit PE image")?;
        let imports = imports(&pe).context("its import table is broken")?;
        let code = Source::of(&pe, bytes, &imports)
            .map_err(|error| format!("its code cannot be found ({error}): link it again"))
            .and_then(|source| Code::read(&source, &map));
        Ok(Self {
            bytes,
            pe,
            imports,
            map,
            declared,
            code,
        })
    }

    /// The address that it would like to be loaded at.
    #[must_use]
    pub fn base(&self) -> u64 {
        self.pe.nt_headers().optional_header.image_base.get(LE)
    }

    /// Its call graph.
    ///
    /// # Errors
    ///
    /// It cannot be told from the instructions and the map; the text says why.
    pub fn code(&self) -> Result<&Code, String> {
        self.code.as_ref().map_err(String::clone)
    }
}

fn imports(pe: &PeFile64<'_>) -> Result<Vec<Imported>> {
    let mut imports = Vec::new();
    let Some(table) = pe.import_table()? else {
        return Ok(imports);
    };
    let mut modules = table.descriptors()?;
    while let Some(module) = modules.next()? {
        let name = text(table.name(module.name.get(LE))?);
        let mut thunks = table.thunks(module.original_first_thunk.get(LE))?;
        let mut slot = module.first_thunk.get(LE);
        while let Some(thunk) = thunks.next::<object::pe::ImageNtHeaders64>()? {
            let routine = match table.import::<object::pe::ImageNtHeaders64>(thunk)? {
                Import::Ordinal(number) => format!("#{number:?}"),
                Import::Name(_, name) => text(name),
            };
            imports.push(Imported {
                module: name.clone(),
                name: routine,
                slot,
            });
            slot = slot.wrapping_add(8);
        }
    }
    Ok(imports)
}

/// A name in an image, fit for a line of text.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_do_not_break_the_line() {
        assert_eq!(super::text(b"a\nb\xff"), "a\\nb\u{fffd}");
    }
}
