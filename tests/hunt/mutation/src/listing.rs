//! Which mutants there are: what cargo-mutants lists.
//!
//! cargo-mutants passes unsafe functions over, among which are all callbacks of the queues. So it is
//! shown a copy of the sources in which those functions are not marked unsafe. Spaces are in the
//! word's place, so that every other character is where it is in the real file.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::mutant::{self, Mutant};
use crate::tree;

/// The version whose list is expected.
const VERSION: &str = "27.1.0";

/// Installs cargo-mutants if it is missing.
fn install() -> Result<()> {
    let asked = Command::new("cargo")
        .args(["mutants", "--version"])
        .output();
    if asked.context("cannot run cargo")?.status.success() {
        return Ok(());
    }
    eprintln!("mutation: cargo-mutants is missing. It is installed now, which takes minutes.");
    let status = Command::new("cargo")
        .args(["install", "--locked", "--version", VERSION, "cargo-mutants"])
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "cargo-mutants cannot be installed");
    Ok(())
}

/// All mutants of the driver in `root`. `copy` is where the sources are copied to.
pub fn all(root: &Path, copy: &Path) -> Result<Vec<Mutant>> {
    install()?;
    tree::copy_sources(root, copy, |path, text| {
        if path.starts_with("src/") {
            without_unsafe(&text)
        } else {
            text
        }
    })?;
    let mut command = Command::new("cargo");
    command
        .args(["mutants", "--list", "--json"])
        .current_dir(copy);
    for package in ["csq", "wdm-safe", "csq-events", "csq-protocol"] {
        command.args(["--package", package]);
    }
    let output = command.output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!(
            "cargo-mutants lists no mutants: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let mut mutants: Vec<Mutant> =
        serde_json::from_slice(&output.stdout).context("the list of cargo-mutants")?;
    ensure!(!mutants.is_empty(), "cargo-mutants lists no mutants");
    mutant::name_all(&mut mutants);
    Ok(mutants)
}

/// The text with spaces for the `unsafe` of functions.
fn without_unsafe(text: &str) -> String {
    text.replace("unsafe fn", "       fn")
        .replace(r#"unsafe extern "C" fn"#, r#"       extern "C" fn"#)
}

/// Those in functions that have changed since the commit `base`.
pub fn changed(root: &Path, base: &str, mutants: Vec<Mutant>) -> Result<Vec<Mutant>> {
    let hunks = hunks(&difference(root, base)?);
    Ok(mutants
        .into_iter()
        .filter(|mutant| {
            let (first, last) = mutant.lines();
            hunks
                .iter()
                .any(|hunk| hunk.file == mutant.file && hunk.first <= last && hunk.last >= first)
        })
        .collect())
}

/// What has changed in the driver since `base`, committed or not.
pub fn difference(root: &Path, base: &str) -> Result<String> {
    let output = Command::new("git")
        .args(["diff", "--unified=0", "--no-color", "--no-ext-diff", base])
        .args(["--", "src"])
        .current_dir(root)
        .output()
        .context("cannot run git")?;
    ensure!(
        output.status.success(),
        "git cannot compare with {base}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Lines that have changed, as they are numbered now.
#[derive(Debug, PartialEq, Eq)]
struct Hunk {
    file: String,
    first: usize,
    last: usize,
}

fn hunks(difference: &str) -> Vec<Hunk> {
    let mut file = String::new();
    let mut hunks = Vec::new();
    for line in difference.lines() {
        if let Some(path) = line.strip_prefix("+++ b/") {
            path.clone_into(&mut file);
        } else if line.starts_with("@@ ") {
            let range = line.split_whitespace().nth(2).and_then(|now| {
                let (first, count) = now
                    .strip_prefix('+')?
                    .split_once(',')
                    .unwrap_or((now.get(1..)?, "1"));
                Some((first.parse().ok()?, count.parse::<usize>().ok()?))
            });
            if let Some((first, count)) = range {
                // Where lines are gone, the line before the gap has changed, and the one after it.
                let last: usize = if count == 0 {
                    first + 1
                } else {
                    first + count - 1
                };
                hunks.push(Hunk {
                    file: file.clone(),
                    first,
                    last,
                });
            }
        }
    }
    hunks
}

/// The text of every source of the driver, for telling whether it is still the same.
pub fn sources(root: &Path) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for path in tree::tracked(root)? {
        if path.starts_with("src/") && Path::new(&path).extension().is_some_and(|it| it == "rs") {
            all.extend_from_slice(path.as_bytes());
            all.extend(fs::read(root.join(&path)).with_context(|| path.clone())?);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_functions_keep_their_place() {
        let text = "pub unsafe fn a() { unsafe { b() } }\nunsafe extern \"C\" fn c() {}";
        let shown = without_unsafe(text);
        assert_eq!(shown.len(), text.len());
        assert!(shown.contains("unsafe { b() }") && !shown.contains("unsafe fn"));
        assert!(!shown.contains("unsafe extern"));
    }

    #[test]
    fn changed_lines_are_read() {
        let difference = "--- a/src/a.rs\n+++ b/src/a.rs\n@@ -1,2 +3,4 @@ fn f\n+x\n@@ -9 +12 @@\n@@ -20,3 +22,0 @@\n";
        let found: Vec<_> = hunks(difference)
            .iter()
            .map(|hunk| (hunk.first, hunk.last))
            .collect();
        assert_eq!(found, [(3, 6), (12, 12), (22, 23)]);
    }
}
