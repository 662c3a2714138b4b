//! Copies a driver package to where Wine can install it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::inf;
use crate::layout::Layout;
use crate::session;
use crate::wine::Wine;

/// Copies the files of `package` to `C:\csq`: byte for byte, except the one line of an INF that
/// Wine misreads, which is printed. What is printed goes to standard error: what runs next may
/// print JSON.
///
/// If anything is new, the session is ended, because a loaded driver stays what it is; and a copy
/// of the driver that was installed before is replaced, because Wine's SetupAPI leaves it as it is.
pub fn stage(layout: &Layout, wine: &Wine, package: &Path) -> Result<()> {
    layout.require_prepared()?;
    let mut files = Vec::new();
    for (name, content) in contents(package)? {
        let copies = [layout.package()].into_iter().chain(
            installed_directories(layout)
                .into_iter()
                .filter(|directory| directory.join(&name).exists()),
        );
        files.extend(copies.map(|directory| (directory.join(&name), content.clone())));
    }
    files.retain(|(path, content)| fs::read(path).ok().as_ref() != Some(content));
    if files.is_empty() {
        eprintln!("C:\\csq is up to date");
        return Ok(());
    }
    let _lock = session::lock(layout)?;
    session::end(wine)?;
    fs::create_dir_all(layout.package())?;
    for (path, content) in files {
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    eprintln!("staged in C:\\csq");
    Ok(())
}

/// The files of `package` as Wine is to have them.
fn contents(package: &Path) -> Result<Vec<(OsString, Vec<u8>)>> {
    let entries = fs::read_dir(package)
        .with_context(|| format!("there is no package in {}", package.display()))?;
    let mut contents = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let Some(name) = path.file_name().filter(|_| path.is_file()) else {
            continue;
        };
        let content = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let is_inf = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("inf"));
        contents.push((
            name.to_owned(),
            if is_inf {
                for_wine(&path, content)?
            } else {
                content
            },
        ));
    }
    Ok(contents)
}

/// An INF as Wine understands it; says what is different.
fn for_wine(path: &Path, shipped: Vec<u8>) -> Result<Vec<u8>> {
    let shipped = String::from_utf8(shipped)
        .with_context(|| format!("{} is not UTF-8 text", path.display()))?;
    let wine = inf::wine_inf(&shipped).with_context(|| path.display().to_string())?;
    if let Some(change) = &wine.change {
        eprintln!("{}, line {}, for Wine:", path.display(), change.line);
        eprintln!("- {}\n+ {}", change.shipped, change.wine);
    }
    Ok(wine.text.into_bytes())
}

/// Where Wine copies what an INF installs as a driver: DIRID 12, and DIRID 13, which it does not
/// know.
fn installed_directories(layout: &Layout) -> [PathBuf; 2] {
    ["drivers", "unknown"].map(|directory| layout.system32().join(directory))
}
