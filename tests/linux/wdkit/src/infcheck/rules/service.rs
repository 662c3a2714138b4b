//! `AddService` and the section it names.

use super::{Checker, registry};
use crate::infcheck::{Entry, Field, Rule};

/// `SPSVCINST_ASSOCSERVICE`: the service is the device's function driver.
const FUNCTION_DRIVER: u32 = 2;

/// What a service's section may have.
const DIRECTIVES: [&str; 13] = [
    "DisplayName",
    "Description",
    "ServiceType",
    "StartType",
    "ErrorControl",
    "ServiceBinary",
    "LoadOrderGroup",
    "Dependencies",
    "Security",
    "AddReg",
    "DelReg",
    "StartName",
    "AddTrigger",
];

/// Checks the services of an install section.
pub(super) fn check(checker: &mut Checker<'_>, install: &str) {
    let inf = checker.inf;
    let section = format!("{install}.Services");
    let services: Vec<&Entry> = inf
        .entries(&section)
        .filter(|entry| entry.is("AddService"))
        .collect();
    let function_drivers = services
        .iter()
        .filter(|entry| {
            entry
                .field(1)
                .and_then(Field::number)
                .is_some_and(|flags| flags & FUNCTION_DRIVER != 0)
        })
        .count();
    if function_drivers != 1 {
        let line = checker.line_of(if services.is_empty() {
            install
        } else {
            &section
        });
        checker.report(
            line,
            Rule::Service,
            format!(
                "[{section}] needs one AddService with the flag 2 (SPSVCINST_ASSOCSERVICE) and has {function_drivers}"
            ),
        );
    }
    for entry in services {
        if let Some(named) = entry.field(2)
            && checker.name(entry.line, &named.0)
        {
            service(checker, &named.0);
        } else if entry.field(2).is_none() {
            checker.report(
                entry.line,
                Rule::Service,
                "AddService names the service's section",
            );
        }
        if let Some(events) = entry.field(3)
            && checker.name(entry.line, &events.0)
        {
            checker.report(
                entry.line,
                Rule::Isolation,
                "an event log section writes outside of the service's key; use AddEventProvider",
            );
        }
    }
}

fn service(checker: &mut Checker<'_>, section: &str) {
    let inf = checker.inf;
    for entry in inf.entries(section) {
        let Some(key) = &entry.key else {
            checker.report(entry.line, Rule::Syntax, "a directive is followed by =");
            continue;
        };
        if key.is("AddReg") || key.is("DelReg") {
            for field in &entry.fields {
                if checker.name(entry.line, &field.0) {
                    registry::keys(checker, &field.0, &["HKR"]);
                }
            }
        } else if !DIRECTIVES.iter().any(|directive| key.is(directive)) {
            checker.report(
                entry.line,
                Rule::Directive,
                format!("a service has no directive '{}'", key.0),
            );
        }
    }
    number(checker, section, "ServiceType", Rule::Service, |value| {
        (value != 1).then_some("is 1, SERVICE_KERNEL_DRIVER")
    });
    number(checker, section, "StartType", Rule::StartType, |value| {
        (value != 3)
            .then_some("is 3, SERVICE_DEMAND_START: Plug and Play loads the driver for its device")
    });
    number(checker, section, "ErrorControl", Rule::Service, |value| {
        (value > 3).then_some("is from 0 to 3")
    });
    binary(checker, section);
}

/// Checks that `directive` is a number about which `wrong` has nothing to say.
fn number(
    checker: &mut Checker<'_>,
    section: &str,
    directive: &str,
    rule: Rule,
    wrong: impl Fn(u32) -> Option<&'static str>,
) {
    let entry = checker
        .inf
        .entries(section)
        .find(|entry| entry.is(directive));
    let value = entry
        .and_then(|entry| entry.field(0))
        .and_then(Field::number);
    let line = entry.map_or_else(|| checker.line_of(section), |entry| entry.line);
    match value {
        None => checker.report(
            line,
            rule,
            format!("[{section}] needs {directive}, a number"),
        ),
        Some(value) => {
            if let Some(right) = wrong(value) {
                checker.report(line, rule, format!("{directive} {right}"));
            }
        }
    }
}

fn binary(checker: &mut Checker<'_>, section: &str) {
    let inf = checker.inf;
    let Some(entry) = inf.entries(section).find(|entry| entry.is("ServiceBinary")) else {
        let line = checker.line_of(section);
        checker.report(
            line,
            Rule::ServiceBinary,
            format!("[{section}] needs ServiceBinary"),
        );
        return;
    };
    let path = entry.field(0).map_or("", |field| &field.0);
    let Some(file) = path.strip_prefix("%13%\\") else {
        checker.report(
            entry.line,
            Rule::ServiceBinary,
            format!("'{path}' is not in %13%, the driver store"),
        );
        return;
    };
    if !inf
        .source_files()
        .iter()
        .any(|source| source.eq_ignore_ascii_case(file))
    {
        checker.report(
            entry.line,
            Rule::ServiceBinary,
            format!("{file} is not among [SourceDisksFiles]"),
        );
    }
}
