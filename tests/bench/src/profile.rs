//! Where a path's instructions are, by function.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::exact::Row;

/// The functions of an image by offset, from the map that the linker wrote beside it.
///
/// # Errors
/// There is no map.
fn functions(image: &Path) -> Result<BTreeMap<usize, String>> {
    /// Where the linker assumes a driver to be loaded.
    const BASE: usize = 0x1_8000_0000;
    let map = image.with_extension("map");
    let text = std::fs::read_to_string(&map).with_context(|| map.display().to_string())?;
    let line = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let name = words.next()?;
        let address = usize::from_str_radix(words.next()?, 16).ok()?;
        Some((address.checked_sub(BASE)?, name.to_owned()))
    };
    Ok(text.lines().filter_map(line).collect())
}

/// Prints how many instructions of which function each path takes.
///
/// # Errors
/// There is no map beside the image.
pub fn print(image: &Path, rows: &[Row]) -> Result<()> {
    let functions = functions(image)?;
    for row in rows {
        println!("{}, depth {}:", row.path, row.depth);
        let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
        for (offset, times) in &row.profile {
            let function = functions.range(..=offset).next_back();
            *sums
                .entry(function.map_or("?", |it| it.1.as_str()))
                .or_default() += times;
        }
        let mut sums: Vec<(&str, usize)> = sums.into_iter().collect();
        sums.sort_by_key(|&(_, times)| std::cmp::Reverse(times));
        for (function, times) in sums {
            println!("{times:7}  {function}");
        }
    }
    Ok(())
}
