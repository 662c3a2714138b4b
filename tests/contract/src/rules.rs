//! The ids of rules, and the tables of `rules.md` and `excused.md`.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::{Serialize, Serializer};

/// The id of a rule: `INV-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    kind: Kind,
    number: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Invariant,
    Trap,
}

impl Id {
    /// The id written as `text`, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, number) = text.split_once('-')?;
        let kind = match kind {
            "INV" => Kind::Invariant,
            "TR" => Kind::Trap,
            _ => return None,
        };
        let number = number.parse().ok()?;
        Some(Self { kind, number })
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Invariant => "INV",
            Kind::Trap => "TR",
        };
        write!(f, "{kind}-{:02}", self.number)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The rows of the table in the Markdown file at `path`: the id in the first column and the text in
/// the second.
pub fn table(path: &Path) -> anyhow::Result<BTreeMap<Id, String>> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let mut rows = BTreeMap::new();
    for (line, content) in (1..).zip(text.lines()) {
        let Some(row) = content
            .strip_prefix("| ")
            .and_then(|row| row.strip_suffix(" |"))
        else {
            continue;
        };
        let Some((id, statement)) = row.split_once(" | ") else {
            bail!("{}, line {line}: a row has two columns", path.display());
        };
        if id == "id" {
            continue;
        }
        let Some(id) = Id::parse(id) else {
            bail!("{}, line {line}: '{id}' is no id", path.display());
        };
        if rows.insert(id, statement.to_owned()).is_some() {
            bail!("{}, line {line}: {id} is there twice", path.display());
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_as_it_is_read() {
        for text in ["INV-01", "TR-92", "TR-100"] {
            assert_eq!(
                Id::parse(text).map(|id| id.to_string()).as_deref(),
                Some(text)
            );
        }
        for text in ["INV", "INV-", "TODO-1", "INV-x"] {
            assert_eq!(Id::parse(text), None);
        }
    }
}
