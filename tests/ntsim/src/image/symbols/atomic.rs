//! Which instructions are atomic accesses of Rust's, by what the compiler says of inlined functions.
//!
//! On x64 an atomic load or store is a plain `mov`, unless it is sequentially consistent. That it was one in
//! the source is known only from the PDB: it was inlined from `core::sync::atomic`.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use pdb::{FallibleIterator, IdData, PDB, Source, SymbolData};

/// The module of the functions that all atomic types call.
const MODULE: &str = "core::sync::atomic";

/// The parts of the image that were inlined from there.
pub fn ranges<'s>(pdb: &mut PDB<'s, impl Source<'s> + 's>) -> pdb::Result<Vec<Range<usize>>> {
    let functions = functions(pdb)?;
    let addresses = pdb.address_map()?;
    let information = pdb.debug_information()?;
    let mut ranges = Vec::new();
    let mut modules = information.modules()?;
    while let Some(module) = modules.next()? {
        let Some(module) = pdb.module_info(&module)? else {
            continue;
        };
        let inlined: HashMap<_, _> = module
            .inlinees()?
            .map(|inlinee| Ok((inlinee.index(), inlinee)))
            .collect()?;
        let mut procedure = None;
        let mut symbols = module.symbols()?;
        while let Some(symbol) = symbols.next()? {
            match symbol.parse() {
                Ok(SymbolData::Procedure(it)) => procedure = Some(it.offset),
                Ok(SymbolData::InlineSite(site)) if functions.contains(&site.inlinee.0) => {
                    let (Some(start), Some(it)) = (procedure, inlined.get(&site.inlinee)) else {
                        continue;
                    };
                    let mut lines = it.lines(start, &site);
                    while let Some(line) = lines.next()? {
                        if let Some(start) = line.offset.to_rva(&addresses) {
                            let start = start.0 as usize;
                            ranges.push(start..start + line.length.unwrap_or(1) as usize);
                        }
                    }
                }
                _ => {}
            }
        }
    }
    Ok(ranges)
}

/// The ids of the functions of that module.
fn functions<'s>(pdb: &mut PDB<'s, impl Source<'s> + 's>) -> pdb::Result<BTreeSet<u32>> {
    let information = pdb.id_information()?;
    let mut modules = BTreeSet::new();
    let mut functions = BTreeSet::new();
    let mut items = information.iter();
    while let Some(item) = items.next()? {
        match item.parse() {
            Ok(IdData::String(it)) if it.name.to_string() == MODULE => {
                modules.insert(item.index().0);
            }
            Ok(IdData::Function(it)) if it.scope.is_some_and(|it| modules.contains(&it.0)) => {
                functions.insert(item.index().0);
            }
            _ => {}
        }
    }
    Ok(functions)
}
