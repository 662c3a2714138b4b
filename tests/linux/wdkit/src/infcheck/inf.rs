//! Reads an INF.

mod line;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::infcheck::{Finding, Rule};

/// An INF file.
#[derive(Debug)]
pub struct Inf {
    /// In the order of the file.
    pub sections: Vec<Section>,
    strings: BTreeMap<String, Definition>,
    used: RefCell<BTreeSet<String>>,
}

/// A section; an INF may have several of one name, which Windows takes as one.
#[derive(Debug)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// The line of its header, counted from 1.
    pub line: usize,
    /// Its entries.
    pub entries: Vec<Entry>,
}

/// A line `key = field, field` or `field, field`.
#[derive(Debug)]
pub struct Entry {
    /// Counted from 1.
    pub line: usize,
    /// What is before `=`, if there is one.
    pub key: Option<Field>,
    /// What is between the commas.
    pub fields: Vec<Field>,
}

/// A part of an entry, without quotes and with its strings filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field(pub String);

#[derive(Debug)]
struct Definition {
    name: String,
    value: String,
    line: usize,
}

impl Inf {
    /// Reads `text`. What cannot be read is among the findings, and left out.
    #[must_use]
    pub fn parse(text: &str) -> (Self, Vec<Finding>) {
        let mut findings = Vec::new();
        let mut lines = line::read(text, &mut findings);
        let strings = definitions(&mut lines, &mut findings);
        let mut inf = Self {
            sections: Vec::new(),
            strings,
            used: RefCell::default(),
        };
        for section in lines {
            let entries = section
                .entries
                .into_iter()
                .map(|raw| Entry {
                    line: raw.line,
                    key: raw
                        .key
                        .map(|key| inf.filled_in(&key, raw.line, &mut findings)),
                    fields: raw
                        .fields
                        .iter()
                        .map(|field| inf.filled_in(field, raw.line, &mut findings))
                        .collect(),
                })
                .collect();
            inf.sections.push(Section {
                name: section.name,
                line: section.line,
                entries,
            });
        }
        (inf, findings)
    }

    /// The sections of that name; INFs do not mind case.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Section> {
        self.sections
            .iter()
            .filter(move |section| section.name.eq_ignore_ascii_case(name))
    }

    /// The entries of the sections of that name.
    pub fn entries<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.named(name).flat_map(|section| &section.entries)
    }

    /// The files of the package that the INF names in `[SourceDisksFiles]`.
    #[must_use]
    pub fn source_files(&self) -> Vec<String> {
        self.sections
            .iter()
            .filter(|section| is_or_decorates(&section.name, "SourceDisksFiles"))
            .flat_map(|section| &section.entries)
            .filter_map(|entry| Some(entry.key.as_ref()?.0.clone()))
            .collect()
    }

    /// The name of the catalog.
    #[must_use]
    pub fn catalog(&self) -> Option<String> {
        let names_one = |entry: &&Entry| {
            entry
                .key
                .as_ref()
                .is_some_and(|key| is_or_decorates(&key.0, "CatalogFile"))
        };
        let entry = self.entries("Version").find(names_one)?;
        Some(entry.field(0)?.0.clone())
    }

    /// The hardware ids of all models.
    #[must_use]
    pub fn hardware_ids(&self) -> Vec<String> {
        let models = self.entries("Manufacturer").flat_map(|entry| {
            let name = entry.field(0).map_or("", |name| &name.0);
            entry
                .fields
                .iter()
                .skip(1)
                .map(move |decoration| format!("{name}.{}", decoration.0))
        });
        let mut ids = Vec::new();
        for section in models {
            for model in self.entries(&section) {
                ids.extend(model.fields.iter().skip(1).map(|id| id.0.clone()));
            }
        }
        ids
    }

    /// The definitions of `[Strings]` that nothing uses, as name and line.
    pub(crate) fn unused_strings(&self) -> Vec<(&str, usize)> {
        let used = self.used.borrow();
        self.strings
            .iter()
            .filter(|(key, _)| !used.contains(*key))
            .map(|(_, definition)| (definition.name.as_str(), definition.line))
            .collect()
    }

    /// `raw` with `%token%` replaced. `%%` is a percent sign, and `%13%` a directory.
    fn filled_in(&self, raw: &str, line: usize, findings: &mut Vec<Finding>) -> Field {
        let mut text = String::new();
        let mut rest = raw;
        while let Some((before, after)) = rest.split_once('%') {
            text.push_str(before);
            let Some((token, after)) = after.split_once('%') else {
                findings.push(Finding {
                    line,
                    rule: Rule::Strings,
                    message: format!("a % without a second one: {raw}"),
                });
                rest = after;
                continue;
            };
            rest = after;
            let key = token.to_ascii_lowercase();
            if token.is_empty() {
                text.push('%');
            } else if let Some(definition) = self.strings.get(&key) {
                text.push_str(&definition.value);
                self.used.borrow_mut().insert(key);
            } else {
                if token.parse::<u32>().is_err() {
                    findings.push(Finding {
                        line,
                        rule: Rule::Strings,
                        message: format!("%{token}% is not defined in [Strings]"),
                    });
                }
                text.push('%');
                text.push_str(token);
                text.push('%');
            }
        }
        text.push_str(rest);
        Field(text)
    }
}

impl Entry {
    /// Whether this is an entry `name = ...`.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.key.as_ref().is_some_and(|key| key.is(name))
    }

    /// A field, counted from 0; nothing if the entry has none there, or an empty one.
    #[must_use]
    pub fn field(&self, index: usize) -> Option<&Field> {
        self.fields.get(index).filter(|field| !field.0.is_empty())
    }
}

impl Field {
    /// Whether it is `text`, in any case.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        self.0.eq_ignore_ascii_case(text)
    }

    /// It as a number, decimal or with `0x` before it.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        let text = self.0.to_ascii_lowercase();
        match text.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        }
    }
}

/// Whether a section is called `name`, or `name` with something after a dot.
pub(crate) fn is_or_decorates(section: &str, name: &str) -> bool {
    section
        .get(..name.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(name))
        && matches!(section.as_bytes().get(name.len()), None | Some(b'.'))
}

/// Takes the entries of `[Strings]` (and `[Strings.LanguageID]`) out of `sections`.
fn definitions(
    sections: &mut [line::Section],
    findings: &mut Vec<Finding>,
) -> BTreeMap<String, Definition> {
    let mut strings = BTreeMap::new();
    for section in sections
        .iter_mut()
        .filter(|section| is_or_decorates(&section.name, "Strings"))
    {
        for raw in std::mem::take(&mut section.entries) {
            let Some(name) = raw.key else {
                findings.push(Finding {
                    line: raw.line,
                    rule: Rule::Strings,
                    message: "a string is defined by name = \"text\"".to_owned(),
                });
                continue;
            };
            let definition = Definition {
                value: raw.fields.join(","),
                line: raw.line,
                name,
            };
            let twice = section.name.eq_ignore_ascii_case("Strings")
                && strings.contains_key(&definition.name.to_ascii_lowercase());
            if twice {
                findings.push(Finding {
                    line: raw.line,
                    rule: Rule::Strings,
                    message: format!("%{}% is defined already", definition.name),
                });
            }
            strings.insert(definition.name.to_ascii_lowercase(), definition);
        }
    }
    strings
}
