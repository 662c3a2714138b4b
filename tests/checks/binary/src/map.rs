//! The linker's map of an image: `/MAP` of link.exe and of lld-link, which differ in the columns
//! after the address.

use anyhow::{Result, ensure};

/// The symbols of an image.
#[derive(Debug, Clone)]
pub struct Map {
    /// In the order of the map. Functions that differ in type parameters only have the same name,
    /// and functions with the same instructions may have the same address.
    pub symbols: Vec<Symbol>,
}

/// A name for a place in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// Demangled.
    pub name: String,
    /// Counted from the image's preferred base on.
    pub address: u64,
}

impl Map {
    /// Reads a map.
    ///
    /// # Errors
    ///
    /// There is no symbol in `text`: then it is no map, or one without names.
    pub fn parse(text: &str) -> Result<Self> {
        let symbols: Vec<Symbol> = text.lines().filter_map(symbol).collect();
        ensure!(!symbols.is_empty(), "the map names no symbol");
        Ok(Self { symbols })
    }

    /// The address of the first symbol called `name`.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<u64> {
        let symbol = self.symbols.iter().find(|symbol| symbol.name == name)?;
        Some(symbol.address)
    }
}

/// ` 0001:00000080       name       0000000180001080 ...`
fn symbol(line: &str) -> Option<Symbol> {
    let mut columns = line.split_whitespace();
    let (section, offset) = columns.next()?.split_once(':')?;
    u16::from_str_radix(section, 16).ok()?;
    u32::from_str_radix(offset, 16).ok()?;
    let name = columns.next()?;
    let address = columns.next()?;
    // A section's line has its length there, which ends in H.
    if address.len() != 16 {
        return None;
    }
    Some(Symbol {
        name: format!("{:#}", rustc_demangle::demangle(name)),
        address: u64::from_str_radix(address, 16).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_of_both_linkers_are_found_and_nothing_else() {
        let text = "
 Start         Length     Name                   Class
 0001:00000000 00001611H .text                   CODE

  Address         Publics by Value              Rva+Base               Lib:Object

 0001:00000000       DriverEntry                0000000180001000     csq.o
 0001:00000080       _ZN3wdm8dispatch10add_device17h789b2b9cee0c05c7E 0000000140001080 f   csq.o

 entry point at         0001:00000000
";
        let map = Map::parse(text).unwrap();
        let expected = [
            ("DriverEntry", 0x1_8000_1000),
            ("wdm::dispatch::add_device", 0x1_4000_1080),
        ];
        let expected = expected.map(|(name, address)| Symbol {
            name: name.to_owned(),
            address,
        });
        assert_eq!(map.symbols, expected);
        assert_eq!(map.address("DriverEntry"), Some(0x1_8000_1000));
        assert!(Map::parse("nothing").is_err());
    }
}
