//! `[Manufacturer]`, the models, and what is installed for each.

use super::{Checker, install};
use crate::infcheck::Rule;
use crate::infcheck::decoration::Decoration;

/// The first Windows that runs drivers from the driver store (DIRID 13): Windows 10 1709.
const DRIVER_STORE: (u32, u32) = (10, 16299);

pub(super) fn check(checker: &mut Checker<'_>) {
    let line = checker.line_of("Manufacturer");
    let mut manufacturers = 0;
    for entry in checker.inf.entries("Manufacturer") {
        manufacturers += 1;
        let Some(models) = entry.field(0) else {
            checker.report(
                entry.line,
                Rule::Model,
                "a manufacturer names a section of models",
            );
            continue;
        };
        if entry.fields.len() < 2 {
            checker.report(
                entry.line,
                Rule::Decoration,
                "name an architecture after the models, such as NTamd64.10.0...19041",
            );
        }
        for text in entry.fields.iter().skip(1) {
            decoration(checker, entry.line, &text.0);
            let section = format!("{}.{}", models.0, text.0);
            if checker.name(entry.line, &section) {
                models_of(checker, &section);
            }
        }
    }
    if manufacturers == 0 {
        checker.report(line, Rule::Model, "[Manufacturer] names nobody");
    }
}

fn decoration(checker: &mut Checker<'_>, line: usize, text: &str) {
    let Some(decoration) = Decoration::parse(text) else {
        checker.report(
            line,
            Rule::Decoration,
            format!("'{text}' is no decoration; one is NTamd64.10.0...19041"),
        );
        return;
    };
    if !["amd64", "arm64"].contains(&&*decoration.architecture) {
        checker.report(
            line,
            Rule::Decoration,
            format!("'{text}' is for neither NTamd64 nor NTarm64"),
        );
    }
    if (decoration.major, decoration.build) < DRIVER_STORE {
        checker.report(
            line,
            Rule::OsVersion,
            format!(
                "'{text}' is for a Windows older than 10.0...16299, which cannot run a driver from the driver store"
            ),
        );
    }
}

fn models_of(checker: &mut Checker<'_>, section: &str) {
    let inf = checker.inf;
    let mut models = 0;
    for entry in inf.entries(section) {
        models += 1;
        if entry.key.as_ref().is_none_or(|key| key.0.is_empty()) {
            checker.report(
                entry.line,
                Rule::Model,
                "a model begins with its description and =",
            );
        }
        match entry.field(1) {
            None => checker.report(
                entry.line,
                Rule::Model,
                "a model has a hardware id after its section",
            ),
            Some(_) => {
                for id in entry.fields.iter().skip(1) {
                    let printable = id.0.chars().all(|c| c.is_ascii_graphic() || c == ' ');
                    if id.0.is_empty() || id.0.len() >= 200 || !printable {
                        checker.report(
                            entry.line,
                            Rule::Model,
                            format!("'{}' is not a hardware id", id.0),
                        );
                    }
                }
            }
        }
        match entry.field(0) {
            Some(name) => install::check(checker, entry.line, &name.0),
            None => checker.report(
                entry.line,
                Rule::Model,
                "a model names a section to install",
            ),
        }
    }
    if models == 0 {
        let line = checker.line_of(section);
        checker.report(line, Rule::Model, format!("[{section}] has no model"));
    }
}
