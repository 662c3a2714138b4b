//! Tells where each import of a driver would come from.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use wine_supplied::Supplied;

use crate::cli::exit;
use crate::image::{self, Export};
use crate::layout::Layout;

/// What stands behind an import.
enum Source {
    Supplied(&'static Supplied),
    Wine,
    Stub,
    Missing,
}

impl Source {
    fn is_usable(&self) -> bool {
        matches!(self, Self::Supplied(_) | Self::Wine)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Supplied(row) if row.note.is_empty() => {
                write!(f, "supplied ({:?} in Wine)", row.because)
            }
            Self::Supplied(row) => write!(f, "supplied ({:?} in Wine: {})", row.because, row.note),
            Self::Wine => f.write_str("Wine"),
            Self::Stub => f.write_str("STUB: calling it ends the driver's process"),
            Self::Missing => f.write_str("MISSING: nothing exports it"),
        }
    }
}

/// Prints the table; the exit code says whether everything is there.
pub fn check(layout: &Layout, driver: &Path) -> Result<u8> {
    layout.require_prepared()?;
    let image = fs::read(driver).with_context(|| format!("cannot read {}", driver.display()))?;
    let imports = image::imports(&image).with_context(|| driver.display().to_string())?;
    let mut modules = BTreeMap::new();
    let mut unusable = 0;
    let width = imports
        .iter()
        .map(|(_, name)| name.len())
        .max()
        .unwrap_or(0);
    for (module, name) in &imports {
        let exports = modules
            .entry(module.to_ascii_lowercase())
            .or_insert_with_key(|module| exports_of(layout, module));
        let source = source(module, name, exports);
        unusable += usize::from(!source.is_usable());
        println!("{module}  {name:width$}  {source}");
    }
    println!(
        "{} imports, {unusable} that nothing provides",
        imports.len()
    );
    Ok(if unusable == 0 { 0 } else { exit::UNRESOLVED })
}

fn source(module: &str, name: &str, exports: &BTreeMap<String, Export>) -> Source {
    if module.eq_ignore_ascii_case("ntoskrnl.exe")
        && let Some(row) = wine_supplied::find(name)
    {
        return Source::Supplied(row);
    }
    match exports.get(name) {
        Some(Export::Real | Export::Forward) => Source::Wine,
        Some(Export::Stub) => Source::Stub,
        None => Source::Missing,
    }
}

/// What Wine's own `module` exports; nothing if there is no such module.
fn exports_of(layout: &Layout, module: &str) -> BTreeMap<String, Export> {
    let path = if module == "ntoskrnl.exe" {
        layout.base()
    } else {
        layout.system32().join(module)
    };
    fs::read(path)
        .ok()
        .and_then(|image| image::exports(&image).ok())
        .map(BTreeMap::from_iter)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_supplied_or_wines_or_unusable() {
        let exports = BTreeMap::from([
            ("DbgPrint".to_owned(), Export::Real),
            ("memcpy".to_owned(), Export::Forward),
            ("IoCsqInsertIrp".to_owned(), Export::Stub),
            ("WmiTraceMessage".to_owned(), Export::Stub),
        ]);
        let usable = |name| source("NTOSKRNL.exe", name, &exports).is_usable();
        assert!(usable("DbgPrint"));
        assert!(usable("memcpy"));
        assert!(usable("IoCsqInsertIrp"));
        assert!(usable("ExAllocatePool2"));
        assert!(!usable("WmiTraceMessage"));
        assert!(!usable("KeThisIsNoRoutine"));
    }
}
