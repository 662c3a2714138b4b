//! Verifies a package: the signatures by osslsigncode, the catalog's list by hashes made anew.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::catalog::{self, Member};
use crate::infcheck::Inf;
use crate::tool;

/// Verifies the package in `directory`, whose signatures the certificate in its .cer file has made. Returns a line for each
/// thing that is right.
///
/// # Errors
///
/// Something is missing or wrong; the text says what.
pub fn package(directory: &Path) -> Result<Vec<String>> {
    let inf = only(directory, "inf")?;
    let (parsed, _) = Inf::parse(&fs::read_to_string(directory.join(&inf))?);
    let name = parsed
        .catalog()
        .with_context(|| format!("{inf} names no CatalogFile"))?;
    let path = directory.join(&name);
    let listing = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let draft = tempfile::tempdir()?;
    let trusted = draft.path().join("trusted.pem");
    tool::run(
        Command::new("openssl")
            .args(["x509", "-inform", "DER", "-in"])
            .arg(directory.join(only(directory, "cer")?))
            .arg("-out")
            .arg(&trusted),
    )?;

    let mut lines = Vec::new();
    let mut names = parsed.source_files();
    names.push(inf.clone());
    for name in &names {
        let path = directory.join(name);
        let contents = fs::read(&path)
            .with_context(|| format!("cannot read {}, which {inf} copies", path.display()))?;
        let member = Member {
            name: name.clone(),
            contents,
        };
        ensure!(
            catalog::lists(&listing, &member)?,
            "the catalog does not list {name} as it is"
        );
        lines.push(format!("{name}: listed in the catalog"));
        if name.to_ascii_lowercase().ends_with(".sys") {
            signed(&trusted, &["-in".as_ref(), path.as_ref()])
                .with_context(|| format!("{name} is not signed"))?;
            lines.push(format!("{name}: signed"));
        }
    }
    let any = directory.join(names.first().context("it lists nothing")?);
    signed(
        &trusted,
        &["-c".as_ref(), path.as_ref(), "-in".as_ref(), any.as_ref()],
    )
    .with_context(|| format!("{name} is not signed"))?;
    lines.push(format!("{name}: signed"));
    Ok(lines)
}

fn signed(trusted: &Path, arguments: &[&Path]) -> Result<()> {
    tool::run(
        Command::new("osslsigncode")
            .arg("verify")
            .arg("-CAfile")
            .arg(trusted)
            .args(arguments),
    )
}

/// The name of the one file with this extension.
fn only(directory: &Path, extension: &str) -> Result<String> {
    let entries = fs::read_dir(directory)
        .with_context(|| format!("there is no package in {}", directory.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| {
            name.to_ascii_lowercase()
                .ends_with(&format!(".{extension}"))
        })
        .collect();
    match (names.pop(), names.is_empty()) {
        (Some(name), true) => Ok(name),
        _ => bail!("{} has not one .{extension} file", directory.display()),
    }
}
