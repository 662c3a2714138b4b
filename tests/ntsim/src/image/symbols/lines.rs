//! Names of all functions, and lines of source, from a PDB's modules.

use std::collections::BTreeMap;

use pdb::{FallibleIterator, PDB, Source, SymbolData};

/// Which line of which file the code comes from.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    files: Vec<String>,
    /// By offset in the image: how many bytes come from there, the file's number and the line.
    by_offset: BTreeMap<usize, (usize, usize, u32)>,
}

/// Where a PDB says that the compiler has no line.
const NO_LINE: u32 = 0x00f0_0f00;

impl Lines {
    /// Reads all lines.
    ///
    /// # Errors
    /// What is wrong with the PDB.
    pub fn read<'s>(pdb: &mut PDB<'s, impl Source<'s> + 's>) -> pdb::Result<Self> {
        let mut all = Self::default();
        let addresses = pdb.address_map()?;
        // A PDB without names of files has no lines, either.
        let Ok(strings) = pdb.string_table() else {
            return Ok(all);
        };
        let information = pdb.debug_information()?;
        let mut modules = information.modules()?;
        while let Some(module) = modules.next()? {
            let Some(module) = pdb.module_info(&module)? else {
                continue;
            };
            let program = module.line_program()?;
            let mut numbers = BTreeMap::new();
            let mut lines = program.lines();
            while let Some(line) = lines.next()? {
                let Some(offset) = line.offset.to_rva(&addresses) else {
                    continue;
                };
                if line.line_start >= NO_LINE {
                    continue;
                }
                let next = all.files.len();
                let file = *numbers.entry(line.file_index.0).or_insert(next);
                if file == next {
                    let name = program.get_file_info(line.file_index)?.name;
                    all.files.push(name.to_string_lossy(&strings)?.into_owned());
                }
                let length = line.length.map_or(usize::MAX, |length| length as usize);
                all.by_offset
                    .insert(offset.0 as usize, (length, file, line.line_start));
            }
        }
        Ok(all)
    }

    /// The file and the line of the instruction at an offset.
    pub fn at(&self, offset: usize) -> Option<(&str, u32)> {
        let (start, (length, file, line)) = self.by_offset.range(..=offset).next_back()?;
        let name = self.files.get(*file)?;
        (offset - start < *length).then_some((name.as_str(), *line))
    }
}

/// The functions of all modules, also those that no other module can call.
///
/// # Errors
/// What is wrong with the PDB.
pub fn functions<'s>(
    pdb: &mut PDB<'s, impl Source<'s> + 's>,
) -> pdb::Result<BTreeMap<usize, String>> {
    let addresses = pdb.address_map()?;
    let information = pdb.debug_information()?;
    let mut functions = BTreeMap::new();
    let mut modules = information.modules()?;
    while let Some(module) = modules.next()? {
        let Some(module) = pdb.module_info(&module)? else {
            continue;
        };
        let mut symbols = module.symbols()?;
        while let Some(symbol) = symbols.next()? {
            if let Ok(SymbolData::Procedure(it)) = symbol.parse()
                && let Some(offset) = it.offset.to_rva(&addresses)
            {
                functions.insert(offset.0 as usize, it.name.to_string().into_owned());
            }
        }
    }
    Ok(functions)
}
