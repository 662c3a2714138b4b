//! Registry values.

use super::Checker;
use crate::infcheck::inf::is_or_decorates;
use crate::infcheck::{Field, Rule, sddl};

/// What the flags of a value may be: its type (`REG_SZ`, `REG_BINARY`, `REG_EXPAND_SZ`,
/// `REG_MULTI_SZ`, `REG_DWORD`, `REG_QWORD`, no value) without and with
/// `FLG_ADDREG_NOCLOBBER` and `FLG_ADDREG_KEYONLY`.
const TYPES: [u32; 6] = [0, 1, 0x2_0000, 0x1_0000, 0x1_0001, 0xb_0001];
/// The flags beside the type.
const FLAGS: u32 = 0x2 | 0x8 | 0x10;

pub(super) fn check(checker: &mut Checker<'_>) {
    let inf = checker.inf;
    for section in inf
        .sections
        .iter()
        .filter(|section| is_or_decorates(&section.name, "ClassInstall32"))
    {
        for entry in &section.entries {
            if !entry.is("AddReg") {
                let key = entry.key.as_ref().map_or("", |key| &key.0);
                checker.report(
                    entry.line,
                    Rule::Directive,
                    format!(
                        "[{}] has AddReg and nothing else, not '{key}'",
                        section.name
                    ),
                );
                continue;
            }
            for field in &entry.fields {
                if checker.name(entry.line, &field.0) {
                    keys(checker, &field.0, &["HKR"]);
                }
            }
        }
    }
    // `Security` stands in a service's section as well.
    for entry in inf.sections.iter().flat_map(|section| &section.entries) {
        if entry.is("Security") {
            let text = entry.fields.iter().map(|field| field.0.as_str());
            descriptor(checker, entry.line, &text.collect::<Vec<_>>().join(","));
        }
    }
}

/// Checks a section of values below one of the keys `roots`.
pub(super) fn keys(checker: &mut Checker<'_>, section: &str, roots: &[&str]) {
    let inf = checker.inf;
    for entry in inf.entries(section) {
        if entry.is("Security") {
            continue;
        }
        let root = entry.field(0).map_or("", |field| &field.0);
        if !roots.iter().any(|known| root.eq_ignore_ascii_case(known)) {
            checker.report(
                entry.line,
                Rule::Registry,
                format!(
                    "'{root}' is not {}: other keys belong to others",
                    roots.join(" or ")
                ),
            );
        }
        if let Some(flags) = entry.field(3) {
            let known = flags
                .number()
                .is_some_and(|flags| TYPES.contains(&(flags & !FLAGS)));
            if !known {
                checker.report(
                    entry.line,
                    Rule::Registry,
                    format!("'{}' are not the flags of a value", flags.0),
                );
            }
            let number = flags
                .number()
                .is_some_and(|flags| flags & !FLAGS == 0x1_0001);
            if number && entry.field(4).and_then(Field::number).is_none() {
                checker.report(
                    entry.line,
                    Rule::Registry,
                    "a REG_DWORD has a number for a value",
                );
            }
        }
        if entry.field(2).is_some_and(|name| name.is("Security")) {
            let text = entry.fields.iter().skip(4).map(|field| field.0.as_str());
            descriptor(checker, entry.line, &text.collect::<Vec<_>>().join(","));
        }
    }
}

fn descriptor(checker: &mut Checker<'_>, line: usize, text: &str) {
    if let Err(why) = sddl::parse(text) {
        checker.report(
            line,
            Rule::Sddl,
            format!("this is no security descriptor: {why}"),
        );
    }
}
