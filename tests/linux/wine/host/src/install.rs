//! Puts what was built into the prefix.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wine_supplied::{Because, SUPPLIED, SYMBOL_PREFIX};

use crate::build::Built;
use crate::image::{self, Export};
use crate::layout::Layout;
use crate::session;
use crate::wine::Wine;

/// The Wine that the table of supplied routines describes. Another one may have more.
const TABLE_IS_FOR: &str = "wine-8.0 ";

/// Copies what differs from what is there, ending a session that uses the old.
pub fn install(layout: &Layout, wine: &Wine, built: &Built) -> Result<()> {
    let forwarder = read(&built.forwarder)?;
    let base: BTreeMap<_, _> = image::exports(&read(&layout.base())?)?
        .into_iter()
        .collect();
    if wine.version().starts_with(TABLE_IS_FOR) {
        verify_table(&base).context("the table of supplied routines is wrong")?;
    }
    verify(&forwarder, &base).context("the forwarding ntoskrnl.exe is wrong")?;
    let system32 = layout.system32();
    let mut files = vec![
        (forwarder, system32.join("ntoskrnl.exe")),
        (read(&built.launcher)?, layout.launcher()),
    ];
    let bcryptprimitives = system32.join("bcryptprimitives.dll");
    if !fs::read(&bcryptprimitives).is_ok_and(|there| image::is_builtin(&there)) {
        files.push((read(&built.bcryptprimitives)?, bcryptprimitives));
    }
    files.retain(|(content, path)| fs::read(path).ok().as_ref() != Some(content));
    if files.is_empty() {
        return Ok(());
    }
    session::end(wine)?;
    for (content, path) in files {
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Whether Wine's `base` lacks what the table of supplied routines says that it lacks.
fn verify_table(base: &BTreeMap<String, Export>) -> Result<()> {
    for row in SUPPLIED {
        let expected = match row.because {
            Because::Absent => None,
            Because::Stub => Some(Export::Stub),
            Because::Wrong => Some(Export::Real),
        };
        let found = base.get(row.name).copied();
        if found != expected {
            bail!("{} is {found:?} in Wine instead of {expected:?}", row.name);
        }
    }
    Ok(())
}

/// Whether `forwarder` exports exactly what Wine's `base` does and what is supplied, the supplied
/// ones as its own code and the rest as forwards.
fn verify(forwarder: &[u8], base: &BTreeMap<String, Export>) -> Result<()> {
    let exports: BTreeMap<String, Export> = image::exports(forwarder)?.into_iter().collect();
    let supplied: BTreeSet<&str> = SUPPLIED.iter().map(|row| row.name).collect();
    let all: BTreeSet<&str> = base
        .keys()
        .map(String::as_str)
        .chain(supplied.iter().copied())
        .collect();
    for name in &all {
        let expected = if supplied.contains(name) {
            Export::Real
        } else {
            Export::Forward
        };
        let found = exports.get(*name);
        if found != Some(&expected) {
            bail!("{name} is {found:?} instead of {expected:?}");
        }
    }
    // rustc exports the symbols behind the supplied routines by their own names as well.
    let symbols = exports
        .keys()
        .filter_map(|name| name.strip_prefix(SYMBOL_PREFIX));
    if let Some(name) = symbols.into_iter().find(|name| !supplied.contains(name)) {
        bail!("{name} has a routine, but no row in the table of supplied routines");
    }
    Ok(())
}
