//! The rules, by the part of the INF they are about.

mod files;
mod install;
mod models;
mod registry;
mod service;
mod version;

use std::collections::BTreeSet;

use crate::infcheck::inf::{Field, Inf, is_or_decorates};
use crate::infcheck::{Finding, Rule};

/// What is wrong with the INF `text`, in the order of its lines.
#[must_use]
pub fn check(text: &str) -> Vec<Finding> {
    let (inf, findings) = Inf::parse(text);
    let mut checker = Checker {
        inf: &inf,
        findings,
        named: BTreeSet::new(),
    };
    placeholders(&mut checker, text);
    version::check(&mut checker);
    models::check(&mut checker);
    files::check(&mut checker);
    registry::check(&mut checker);
    strings(&mut checker);
    unreferenced(&mut checker);
    let mut findings = checker.findings;
    findings.sort();
    findings.dedup();
    findings
}

/// A check in progress.
struct Checker<'a> {
    inf: &'a Inf,
    findings: Vec<Finding>,
    /// The sections that something names, in lower case.
    named: BTreeSet<String>,
}

impl<'a> Checker<'a> {
    fn report(&mut self, line: usize, rule: Rule, message: impl Into<String>) {
        self.findings.push(Finding {
            line,
            rule,
            message: message.into(),
        });
    }

    /// Notes that `line` names the section, and reports it if there is none. Returns whether there is.
    fn name(&mut self, line: usize, section: &str) -> bool {
        self.named.insert(section.to_ascii_lowercase());
        let exists = self.inf.named(section).next().is_some();
        if !exists {
            self.report(
                line,
                Rule::MissingSection,
                format!("there is no section [{section}]"),
            );
        }
        exists
    }

    /// The line of a section's header, or the first line.
    fn line_of(&self, section: &str) -> usize {
        self.inf.named(section).next().map_or(1, |found| found.line)
    }

    /// The first field of the entry `key` in a section, and its line.
    fn value(&self, section: &'a str, key: &str) -> Option<(&'a Field, usize)> {
        let entry = self.inf.entries(section).find(|entry| entry.is(key))?;
        Some((entry.field(0)?, entry.line))
    }
}

/// A template goes through the stamp first.
fn placeholders(checker: &mut Checker<'_>, text: &str) {
    const PLACEHOLDERS: [&str; 4] = [
        "$ARCH$",
        "$KMDFVERSION$",
        "$KMDFCOINSTALLERVERSION$",
        "$UMDFVERSION$",
    ];
    for (number, line) in (1..).zip(text.lines()) {
        let statement = line.split(';').next().unwrap_or_default();
        for placeholder in PLACEHOLDERS {
            if statement.contains(placeholder) {
                checker.report(
                    number,
                    Rule::Placeholder,
                    format!("{placeholder} has not been filled in"),
                );
            }
        }
    }
}

fn strings(checker: &mut Checker<'_>) {
    for (name, line) in checker.inf.unused_strings() {
        checker.report(line, Rule::UnusedString, format!("nothing uses %{name}%"));
    }
}

/// Sections that nobody looks for: a name is misspelled, here or where it is used.
fn unreferenced(checker: &mut Checker<'_>) {
    const LOOKED_FOR: [&str; 8] = [
        "Version",
        "Manufacturer",
        "Strings",
        "ClassInstall32",
        "SourceDisksNames",
        "SourceDisksFiles",
        "DestinationDirs",
        "ControlFlags",
    ];
    for section in &checker.inf.sections {
        let known = LOOKED_FOR
            .iter()
            .any(|name| is_or_decorates(&section.name, name));
        if !known && !checker.named.contains(&section.name.to_ascii_lowercase()) {
            let message = format!("nothing names the section [{}]", section.name);
            checker.findings.push(Finding {
                line: section.line,
                rule: Rule::UnreferencedSection,
                message,
            });
        }
    }
}
