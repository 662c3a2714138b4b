//! The files: from where, and to where.

use std::collections::BTreeSet;

use super::Checker;
use crate::infcheck::inf::is_or_decorates;
use crate::infcheck::{Field, Rule};

/// The driver store.
const DRIVER_STORE: u32 = 13;

pub(super) fn check(checker: &mut Checker<'_>) {
    let inf = checker.inf;
    let mut default = false;
    let mut placed = BTreeSet::new();
    for entry in inf.entries("DestinationDirs") {
        let Some(key) = &entry.key else {
            checker.report(
                entry.line,
                Rule::Syntax,
                "a destination is section = directory",
            );
            continue;
        };
        if key.is("DefaultDestDir") {
            default = true;
        } else {
            checker.name(entry.line, &key.0);
            placed.insert(key.0.to_ascii_lowercase());
        }
        if entry.field(0).and_then(Field::number) != Some(DRIVER_STORE) {
            checker.report(
                entry.line,
                Rule::Destination,
                "files go to directory 13, the driver store, and to no other",
            );
        }
    }

    let mut copied = BTreeSet::new();
    let sources: BTreeSet<String> = inf
        .source_files()
        .iter()
        .map(|file| file.to_ascii_lowercase())
        .collect();
    for entry in inf.sections.iter().flat_map(|section| &section.entries) {
        if !entry.is("CopyFiles") {
            continue;
        }
        for field in &entry.fields {
            let files: Vec<(String, usize)> = match field.0.strip_prefix('@') {
                Some(file) => vec![(file.to_owned(), entry.line)],
                None => inf
                    .entries(&field.0)
                    .filter_map(|file| {
                        // The second field is the name in the package, if it is another.
                        let name = file.field(1).or_else(|| file.field(0))?;
                        Some((name.0.clone(), file.line))
                    })
                    .collect(),
            };
            if !default && !placed.contains(&field.0.to_ascii_lowercase()) {
                checker.report(
                    entry.line,
                    Rule::Destination,
                    format!("[DestinationDirs] does not say where {} goes", field.0),
                );
            }
            for (file, line) in files {
                let file = file.to_ascii_lowercase();
                if !sources.contains(&file) {
                    checker.report(
                        line,
                        Rule::SourceFile,
                        format!("{file} is not among [SourceDisksFiles]"),
                    );
                }
                copied.insert(file);
            }
        }
    }
    sources_are_used(checker, &copied);
}

fn sources_are_used(checker: &mut Checker<'_>, copied: &BTreeSet<String>) {
    let inf = checker.inf;
    let disks: BTreeSet<&str> = inf
        .sections
        .iter()
        .filter(|section| is_or_decorates(&section.name, "SourceDisksNames"))
        .flat_map(|section| &section.entries)
        .filter_map(|entry| Some(entry.key.as_ref()?.0.as_str()))
        .collect();
    for entry in inf
        .sections
        .iter()
        .filter(|section| is_or_decorates(&section.name, "SourceDisksFiles"))
        .flat_map(|section| &section.entries)
    {
        let Some(file) = &entry.key else {
            checker.report(entry.line, Rule::Syntax, "a file is name = disk");
            continue;
        };
        if !copied.contains(&file.0.to_ascii_lowercase()) {
            checker.report(
                entry.line,
                Rule::SourceFile,
                format!("nothing copies {}", file.0),
            );
        }
        if entry.field(0).is_none_or(|disk| !disks.contains(&*disk.0)) {
            checker.report(
                entry.line,
                Rule::SourceFile,
                format!(
                    "{} is on a disk that [SourceDisksNames] does not have",
                    file.0
                ),
            );
        }
    }
}
