//! Function names from a linker map (`/MAP` of link.exe and lld-link) or from a PDB, and what only a PDB
//! tells: names of functions that are not exported from their file, lines of source, atomic accesses.

mod atomic;
mod lines;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::ops::Range;

use pdb::{FallibleIterator, PDB, SymbolData};

use lines::Lines;

/// Names by offset in the image.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    names: BTreeMap<usize, String>,
    /// Code that accesses memory atomically.
    atomics: Vec<Range<usize>>,
    lines: Lines,
}

impl Symbols {
    /// Reads the lines ` 0001:00000040  name  0000000140001040 ...`; anything else is passed over. link.exe says
    /// behind the address of a function that it is one (`f`), lld-link does not.
    pub fn parse(map: &str, preferred_base: u64) -> Self {
        let mut names = BTreeMap::new();
        for (offset, name) in map.lines().filter_map(|line| symbol(line, preferred_base)) {
            // Public names come first, and are the ones to show.
            names.entry(offset).or_insert(name);
        }
        Self {
            names,
            ..Self::default()
        }
    }

    /// Reads the public functions of a PDB, if it is the one that was linked with this image.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn from_pdb(bytes: &[u8], identity: [u8; 16]) -> pdb::Result<Option<Self>> {
        let mut pdb = PDB::open(Cursor::new(bytes))?;
        if pdb.pdb_information()?.guid.to_bytes_le() != identity {
            return Ok(None);
        }
        let addresses = pdb.address_map()?;
        let table = pdb.global_symbols()?;
        let mut names = BTreeMap::new();
        let mut symbols = table.iter();
        while let Some(symbol) = symbols.next()? {
            if let Ok(SymbolData::Public(public)) = symbol.parse()
                && public.function
                && let Some(offset) = public.offset.to_rva(&addresses)
            {
                names.insert(offset.0 as usize, plain(&public.name.to_string()));
            }
        }
        for (offset, name) in lines::functions(&mut pdb)? {
            names.entry(offset).or_insert_with(|| plain(&name));
        }
        let atomics = atomic::ranges(&mut pdb)?;
        let lines = Lines::read(&mut pdb)?;
        Ok(Some(Self {
            names,
            atomics,
            lines,
        }))
    }

    /// Takes from `other` what this does not know.
    pub fn complete(&mut self, other: Self) {
        if self.names.is_empty() {
            self.names = other.names;
        }
        self.atomics.extend(other.atomics);
        self.lines = other.lines;
    }

    /// Whether the instruction at `offset` is an atomic access of the source.
    pub fn is_atomic(&self, offset: usize) -> bool {
        self.atomics.iter().any(|range| range.contains(&offset))
    }

    /// The function that `offset` is in, as far as names tell, and where that begins.
    pub fn function(&self, offset: usize) -> Option<(usize, &str)> {
        let (start, name) = self.names.range(..=offset).next_back()?;
        Some((*start, name))
    }

    /// The file and the line that the instruction at `offset` comes from.
    pub fn source(&self, offset: usize) -> Option<(&str, u32)> {
        self.lines.at(offset)
    }
}

fn symbol(line: &str, preferred_base: u64) -> Option<(usize, String)> {
    let mut words = line.split_whitespace();
    let (section, _) = words.next()?.split_once(':')?;
    if section.len() != 4 || section == "0000" {
        return None;
    }
    let name = words.next()?;
    let address = words.next().filter(|word| word.len() == 16)?;
    let address = u64::from_str_radix(address, 16).ok()?;
    let offset = usize::try_from(address.checked_sub(preferred_base)?).ok()?;
    Some((offset, plain(name)))
}

/// The readable part of a Rust name, mangled or not: the path's last two identifiers.
fn plain(name: &str) -> String {
    let Some(mut rest) = name.strip_prefix("_ZN") else {
        // What has arguments is left as it is.
        let path: Vec<&str> = name.split("::").collect();
        let last = path.get(path.len().saturating_sub(2)..).unwrap_or_default();
        let is_path = !name.contains(['<', '?', ' ']);
        return if is_path {
            last.join("::")
        } else {
            name.to_owned()
        };
    };
    let mut path = Vec::new();
    while let Some(end) = rest
        .find(|c: char| !c.is_ascii_digit())
        .filter(|&end| end > 0)
    {
        let (Ok(length), Some(tail)) = (rest[..end].parse::<usize>(), rest.get(end..)) else {
            break;
        };
        let (Some(identifier), Some(tail)) = (tail.get(..length), tail.get(length..)) else {
            break;
        };
        path.push(identifier);
        rest = tail;
    }
    // The last one is the hash.
    path.pop();
    let from = path.len().saturating_sub(2);
    match path.get(from..) {
        Some(names) if !names.is_empty() => names.join("::"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "\
 csq

 Timestamp is 0 (Repro mode)

 Preferred load address is 0000000140000000

 Start         Length     Name                   Class
 0001:00000000 00001a2cH .text                   CODE

  Address         Publics by Value              Rva+Base               Lib:Object

 0001:00000000       DriverEntry                0000000140001000     csq.o
 0001:00000040       _ZN3wdm3csq9callbacks14csq_insert_irp17h0123456789abcdefE 0000000140001040     csq.o
";

    fn at(symbols: &Symbols, offset: usize) -> Option<&str> {
        symbols.function(offset).map(|(_, name)| name)
    }

    /// As link.exe writes it: flags, C++ names, and static functions in a list of their own.
    #[test]
    fn the_map_of_link_exe_is_read() {
        const MAP: &str = "\
 driver

 Timestamp is 65a1b2c3 (Fri Jan 12 20:00:00 2024)

 Preferred load address is 0000000140000000

 Start         Length     Name                   Class
 0001:00000000 00000520H .text$mn                CODE

  Address         Publics by Value              Rva+Base               Lib:Object

 0000:00000000       __guard_flags              0000000000000000     <absolute>
 0001:00000000       DriverEntry                0000000140001000 f   driver.obj
 0001:00000120       ?Start@Device@@QEAAJXZ     0000000140001120 f i driver.obj
 0003:00000010       Count                      0000000140004010     driver.obj

 entry point at        0005:00000000

 Static symbols

 0001:000000c0       PendNext                   00000001400010c0 f   driver.obj
";
        let symbols = Symbols::parse(MAP, 0x1_4000_0000);
        assert_eq!(at(&symbols, 0x1010), Some("DriverEntry"));
        assert_eq!(at(&symbols, 0x10c4), Some("PendNext"));
        assert_eq!(at(&symbols, 0x1120), Some("?Start@Device@@QEAAJXZ"));
        assert_eq!(at(&symbols, 0x4018), Some("Count"));
        assert_eq!(symbols.function(0x10c4), Some((0x10c0, "PendNext")));
    }

    #[test]
    fn names_and_addresses_are_read() {
        let symbols = Symbols::parse(MAP, 0x1_4000_0000);
        assert_eq!(at(&symbols, 0x1000), Some("DriverEntry"));
        assert_eq!(at(&symbols, 0x103f), Some("DriverEntry"));
        assert_eq!(at(&symbols, 0x1050), Some("callbacks::csq_insert_irp"));
        assert_eq!(at(&symbols, 0xfff), None);
    }
}
