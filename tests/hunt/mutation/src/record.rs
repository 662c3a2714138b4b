//! What became of mutants: kept in files, so that a run can go on where another ended, and shown as a
//! table.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

/// What became of a mutant.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The compiler refuses it.
    Unviable {
        /// How it says so.
        error: String,
    },
    /// It is the same csq.sys, byte for byte.
    Same,
    /// A judge found it.
    Caught {
        /// Which.
        judge: String,
        /// By what.
        by: String,
    },
    /// A judge did not come to an end in ten times what it takes otherwise.
    Endless {
        /// Which.
        judge: String,
    },
    /// No judge found it.
    Missed,
}

/// A mutant's line in the file.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Record {
    /// See [`crate::mutant::Mutant::key`].
    pub key: String,
    /// With line and column.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
    /// What that took.
    pub seconds: f64,
    /// The last commit that changed the driver; `-changed` if it has changed since.
    pub commit: String,
    /// A hash of the driver's sources.
    pub sources: u64,
}

/// Records of a directory.
pub struct Records {
    file: PathBuf,
    all: HashMap<String, Record>,
}

impl Records {
    /// Reads those of the driver with these sources. New ones will go to the file called `name`.
    pub fn read(directory: &Path, name: &str, sources: u64) -> Result<Self> {
        fs::create_dir_all(directory)?;
        let mut files: Vec<PathBuf> = fs::read_dir(directory)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        files.sort();
        let mut all: HashMap<String, Record> = HashMap::new();
        for file in files {
            for line in fs::read_to_string(&file)?.lines() {
                // The last line of a run that was stopped may be incomplete.
                let Ok(record) = serde_json::from_str::<Record>(line) else {
                    continue;
                };
                if record.sources != sources {
                    continue;
                }
                // A judge that came later may have found what the first run missed.
                let better = all
                    .get(&record.key)
                    .is_none_or(|old| old.outcome == Outcome::Missed);
                if better {
                    all.insert(record.key.clone(), record);
                }
            }
        }
        Ok(Self {
            file: directory.join(name),
            all,
        })
    }

    /// What became of a mutant.
    pub fn get(&self, key: &str) -> Option<&Record> {
        self.all.get(key)
    }

    /// Notes what became of one.
    pub fn add(&mut self, record: Record) -> Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.file)?;
        writeln!(file, "{}", serde_json::to_string(&record)?)?;
        self.all.insert(record.key.clone(), record);
        Ok(())
    }
}

/// Reads which mutants need not be found: a Markdown table of key and reason.
pub fn explained(file: &Path) -> Result<BTreeMap<String, String>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let mut all = BTreeMap::new();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix("| `") else {
            continue;
        };
        let Some((key, reason)) = rest.split_once("` | ") else {
            bail!(
                "{}: a line is | `MUTANT` | REASON |, not {line}",
                file.display()
            );
        };
        let reason = reason.trim_end().trim_end_matches('|').trim();
        ensure!(!reason.is_empty(), "{}: no reason: {line}", file.display());
        all.insert(key.to_owned(), reason.to_owned());
    }
    Ok(all)
}

/// How many became what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Count {
    /// All that were judged.
    pub judged: usize,
    /// Of those, refused by the compiler.
    pub unviable: usize,
    /// The same csq.sys.
    pub same: usize,
    /// Found.
    pub caught: usize,
    /// A judge did not end.
    pub endless: usize,
    /// Not found, with a reason.
    pub explained: usize,
    /// Not found, without.
    pub missed: usize,
}

impl Count {
    /// Counts one more.
    pub fn add(&mut self, outcome: &Outcome, is_explained: bool) {
        self.judged += 1;
        *match outcome {
            Outcome::Unviable { .. } => &mut self.unviable,
            Outcome::Same => &mut self.same,
            Outcome::Caught { .. } => &mut self.caught,
            Outcome::Endless { .. } => &mut self.endless,
            Outcome::Missed if is_explained => &mut self.explained,
            Outcome::Missed => &mut self.missed,
        } += 1;
    }

    /// How many another driver: what can be found.
    pub const fn different(&self) -> usize {
        self.caught + self.endless + self.explained + self.missed
    }

    /// How many in a hundred of those are found. What did not end does not count as found.
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    pub fn percentage(&self) -> f64 {
        100.0 * self.caught as f64 / self.different().max(1) as f64
    }
}

/// The tables: by file, by judge, and those that were not found.
pub fn table(records: &[&Record], explained: &BTreeMap<String, String>) -> String {
    let mut files: BTreeMap<&str, Count> = BTreeMap::new();
    let mut judges: BTreeMap<&str, usize> = BTreeMap::new();
    let mut commits: BTreeMap<&str, usize> = BTreeMap::new();
    let mut all = Count::default();
    let mut seconds = 0.0;
    for record in records {
        let has_reason = explained.contains_key(&record.key);
        let file = record.key.split(':').next().unwrap_or_default();
        files
            .entry(file)
            .or_default()
            .add(&record.outcome, has_reason);
        all.add(&record.outcome, has_reason);
        *commits.entry(&record.commit).or_default() += 1;
        seconds += record.seconds;
        if let Outcome::Caught { judge, .. } = &record.outcome {
            *judges.entry(judge).or_default() += 1;
        }
    }
    let mut text = String::new();
    let list: Vec<String> = commits
        .iter()
        .map(|(commit, count)| format!("{commit} ({count})"))
        .collect();
    let _ = writeln!(
        text,
        "{} mutants in {:.0} min of processes, of the driver as of commit {}: {} are refused by the compiler, {} are the same \
         csq.sys byte for byte, {} are other drivers. Of these {} are caught, {:.1} %; {} did not end, {} are \
         missed and explained, {} missed.\n",
        all.judged,
        seconds / 60.0,
        list.join(", "),
        all.unviable,
        all.same,
        all.different(),
        all.caught,
        all.percentage(),
        all.endless,
        all.explained,
        all.missed
    );
    text.push_str("| file | mutants | unviable | same | caught | endless | explained | missed |\n");
    text.push_str("|---|--:|--:|--:|--:|--:|--:|--:|\n");
    for (file, count) in files {
        let _ = writeln!(
            text,
            "| {file} | {} | {} | {} | {} | {} | {} | {} |",
            count.judged,
            count.unviable,
            count.same,
            count.caught,
            count.endless,
            count.explained,
            count.missed
        );
    }
    text.push_str("\n| judge | finds |\n|---|--:|\n");
    for (judge, count) in judges {
        let _ = writeln!(text, "| {judge} | {count} |");
    }
    text.push_str("\n| not caught | |\n|---|---|\n");
    for record in records {
        let reason = explained.get(&record.key).map_or("missed", String::as_str);
        match &record.outcome {
            Outcome::Missed => {
                let _ = writeln!(text, "| `{}` | {reason} |", record.key);
            }
            Outcome::Endless { judge } => {
                let _ = writeln!(text, "| `{}` | {judge} did not end |", record.key);
            }
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_end_or_is_explained_is_not_caught() {
        let mut count = Count::default();
        let caught = Outcome::Caught {
            judge: "run".to_owned(),
            by: "irp-lost".to_owned(),
        };
        let endless = Outcome::Endless {
            judge: "run".to_owned(),
        };
        count.add(&caught, false);
        count.add(&endless, false);
        count.add(&Outcome::Missed, true);
        count.add(&Outcome::Missed, false);
        count.add(&Outcome::Same, false);
        assert_eq!((count.different(), count.missed), (4, 1));
        assert!((count.percentage() - 25.0).abs() < 1e-9);
    }
}
