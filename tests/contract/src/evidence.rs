//! Finds the tests that name a rule.
//!
//! | where | what counts |
//! |---|---|
//! | `tests/`, but not this crate and not what only lets tests run on Linux | every id in a Rust source, a patch of `tests/hunt/mutants` or a misuse of `tests/checks/compile_fail` |
//! | `src/` | ids in the comment right above a `const _`: an assertion that the compiler tests |

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use regex::Regex;
use serde::Serialize;
use walkdir::{DirEntry, WalkDir};

use crate::rules::Id;

/// A line that names a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    file: PathBuf,
    line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// Every place under `root` where a test names a rule.
pub fn collect(root: &Path) -> anyhow::Result<BTreeMap<Id, Vec<Place>>> {
    let id = Regex::new(r"\b(?:INV|TR)-\d+\b")?;
    let mut places: BTreeMap<Id, Vec<Place>> = BTreeMap::new();
    for directory in ["src", "tests"] {
        let files = WalkDir::new(root.join(directory))
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| !is_no_test(root, entry));
        for entry in files {
            let entry = entry?;
            let Some(lines) = relevant_lines(directory, entry.path())? else {
                continue;
            };
            let file = entry.path().strip_prefix(root).unwrap_or(entry.path());
            for (line, content) in lines {
                for id in id
                    .find_iter(&content)
                    .filter_map(|found| Id::parse(found.as_str()))
                {
                    let place = Place {
                        file: file.to_owned(),
                        line,
                    };
                    places.entry(id).or_default().push(place);
                }
            }
        }
    }
    Ok(places)
}

fn is_no_test(root: &Path, entry: &DirEntry) -> bool {
    let name = entry.file_name();
    name == "target"
        || [
            "tests/contract/src",
            "tests/contract/tests",
            "tests/linux/sysroot",
            "tests/linux/wine",
        ]
        .iter()
        .any(|path| entry.path() == root.join(path))
}

/// The lines of the file that count, with their numbers; `None` for a file of another kind.
fn relevant_lines(directory: &str, path: &Path) -> anyhow::Result<Option<Vec<(usize, String)>>> {
    let kind = path.extension().and_then(|extension| extension.to_str());
    if !path.is_file() || !matches!(kind, Some("rs" | "patch")) {
        return Ok(None);
    }
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let numbered = (1..).zip(text.lines().map(str::to_owned));
    Ok(Some(if directory == "src" {
        above_assertions(numbered)
    } else if kind == Some("patch") {
        // The heading says what the bug is; the rest is the driver's source.
        numbered
            .take_while(|(_, line)| !line.starts_with("--- "))
            .collect()
    } else {
        numbered.collect()
    }))
}

/// The comment lines that end right above a `const _`.
fn above_assertions(lines: impl Iterator<Item = (usize, String)>) -> Vec<(usize, String)> {
    let mut comment = Vec::new();
    let mut kept = Vec::new();
    for (number, line) in lines {
        let line = line.trim_start();
        if line.starts_with("//") {
            comment.push((number, line.to_owned()));
        } else if line.starts_with("const _") {
            kept.append(&mut comment);
        } else {
            comment.clear();
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_the_driver_only_assertions_count() {
        let source = "// INV-01\nfn f() {}\n// INV-02\n// INV-03\nconst _: () = ();\n// INV-04\n";
        let lines = (1..).zip(source.lines().map(str::to_owned));
        let kept: Vec<_> = above_assertions(lines)
            .into_iter()
            .map(|(line, _)| line)
            .collect();
        assert_eq!(kept, [3, 4]);
    }
}
