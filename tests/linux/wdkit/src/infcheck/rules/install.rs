//! The section that is installed for a model, and those that belong to it.

use super::{Checker, registry, service};
use crate::infcheck::Rule;
use crate::infcheck::decoration::Decoration;

/// What an install section may have in a package that keeps to itself.
const DIRECTIVES: [&str; 12] = [
    "CopyFiles",
    "AddReg",
    "DelReg",
    "AddProperty",
    "DelProperty",
    "FeatureScore",
    "Include",
    "Needs",
    "DriverVer",
    "AddInterface",
    "AddEventProvider",
    "AddService",
];

/// What changes something outside of the package.
const GLOBAL: [&str; 15] = [
    "BitReg",
    "CopyINF",
    "DelFiles",
    "DelService",
    "Ini2Reg",
    "LogConfig",
    "ProfileItems",
    "Reboot",
    "Restart",
    "RegisterDlls",
    "RenFiles",
    "UnregisterDlls",
    "UpdateAutoBat",
    "UpdateIniFields",
    "UpdateInis",
];

/// The sections that Windows looks for beside an install section.
const PARTS: [&str; 9] = [
    "HW",
    "Services",
    "Interfaces",
    "Wdf",
    "Events",
    "Filters",
    "Components",
    "Software",
    "LogConfigOverride",
];

/// Checks the section `name` with all its decorations, which a model in `line` names.
pub(super) fn check(checker: &mut Checker<'_>, line: usize, name: &str) {
    let inf = checker.inf;
    let variants: Vec<&str> = inf
        .sections
        .iter()
        .map(|section| section.name.as_str())
        .filter(|section| is_variant(section, name))
        .collect();
    if variants.is_empty() {
        checker.name(line, name);
        return;
    }
    for variant in variants {
        checker.named.insert(variant.to_ascii_lowercase());
        directives(checker, variant);
        if inf
            .named(&format!("{variant}.CoInstallers"))
            .next()
            .is_some()
        {
            let section = format!("{variant}.CoInstallers");
            let line = checker.line_of(&section);
            checker.named.insert(section.to_ascii_lowercase());
            checker.report(
                line,
                Rule::Isolation,
                "a package may not have co-installers",
            );
        }
        for part in PARTS {
            let section = format!("{variant}.{part}");
            if inf.named(&section).next().is_some() {
                checker.named.insert(section.to_ascii_lowercase());
                directives(checker, &section);
            }
        }
        service::check(checker, variant);
    }
}

/// Whether `section` is `name` itself, or `name.NT` with an architecture or more.
fn is_variant(section: &str, name: &str) -> bool {
    let Some((start, rest)) = section.split_at_checked(name.len()) else {
        return false;
    };
    start.eq_ignore_ascii_case(name)
        && (rest.is_empty()
            || rest
                .strip_prefix('.')
                .is_some_and(|rest| Decoration::parse(rest).is_some()))
}

/// Checks the directives of a section, and notes the sections that they name.
fn directives(checker: &mut Checker<'_>, section: &str) {
    let inf = checker.inf;
    for entry in inf.entries(section) {
        let Some(key) = &entry.key else {
            checker.report(entry.line, Rule::Syntax, "a directive is followed by =");
            continue;
        };
        if GLOBAL.iter().any(|directive| key.is(directive)) {
            checker.report(
                entry.line,
                Rule::Isolation,
                format!("{} changes what is not the package's own", key.0),
            );
        } else if key.is("CopyFiles") {
            for field in &entry.fields {
                // @file names a file without a section.
                if !field.0.starts_with('@') {
                    checker.name(entry.line, &field.0);
                }
            }
        } else if key.is("AddReg") || key.is("DelReg") {
            for field in &entry.fields {
                if checker.name(entry.line, &field.0) {
                    registry::keys(checker, &field.0, &["HKR"]);
                }
            }
        } else if key.is("AddProperty") || key.is("DelProperty") {
            for field in &entry.fields {
                checker.name(entry.line, &field.0);
            }
        } else if key.is("AddInterface") || key.is("AddEventProvider") {
            if let Some(named) = entry.field(if key.is("AddInterface") { 2 } else { 1 })
                && checker.name(entry.line, &named.0)
            {
                directives(checker, &named.0);
            }
        } else if !DIRECTIVES.iter().any(|directive| key.is(directive)) {
            checker.report(
                entry.line,
                Rule::Directive,
                format!("[{section}] has no directive '{}'", key.0),
            );
        }
    }
}
