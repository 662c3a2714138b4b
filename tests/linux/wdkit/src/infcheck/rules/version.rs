//! `[Version]` and `[ClassInstall32]`.

use super::Checker;
use crate::infcheck::{Field, Rule};

/// Setup classes of Windows that a driver may be in, with their GUIDs.
const SYSTEM_CLASSES: [(&str, &str); 20] = [
    ("Battery", "72631e54-78a4-11d0-bcf7-00aa00b7b32a"),
    ("Biometric", "53d29ef7-377c-4d14-864b-eb3a85769359"),
    ("Bluetooth", "e0cbf06c-cd8b-4647-bb8a-263b43f0f974"),
    ("Camera", "ca3e7ab9-b4c3-4ae6-8251-579ef933890f"),
    ("DiskDrive", "4d36e967-e325-11ce-bfc1-08002be10318"),
    ("Display", "4d36e968-e325-11ce-bfc1-08002be10318"),
    ("Firmware", "f2e7dd72-6468-4e36-b6f1-6488f42c1b52"),
    ("HDC", "4d36e96a-e325-11ce-bfc1-08002be10318"),
    ("HIDClass", "745a17a0-74d3-11d0-b6fe-00a0c90f57da"),
    ("Keyboard", "4d36e96b-e325-11ce-bfc1-08002be10318"),
    ("Media", "4d36e96c-e325-11ce-bfc1-08002be10318"),
    ("Modem", "4d36e96d-e325-11ce-bfc1-08002be10318"),
    ("Monitor", "4d36e96e-e325-11ce-bfc1-08002be10318"),
    ("Mouse", "4d36e96f-e325-11ce-bfc1-08002be10318"),
    ("Net", "4d36e972-e325-11ce-bfc1-08002be10318"),
    ("Ports", "4d36e978-e325-11ce-bfc1-08002be10318"),
    ("SCSIAdapter", "4d36e97b-e325-11ce-bfc1-08002be10318"),
    ("SoftwareComponent", "5c4c3332-344d-483c-8739-259e934c9cc8"),
    ("System", "4d36e97d-e325-11ce-bfc1-08002be10318"),
    ("USB", "36fc9e60-c465-11cf-8056-444553540000"),
];

/// What `[Version]` may have.
const DIRECTIVES: [&str; 9] = [
    "Signature",
    "Class",
    "ClassGuid",
    "Provider",
    "CatalogFile",
    "DriverVer",
    "PnpLockdown",
    "DriverPackageDisplayName",
    "ClassVer",
];

pub(super) fn check(checker: &mut Checker<'_>) {
    let line = checker.line_of("Version");
    for entry in checker.inf.entries("Version") {
        let known = entry
            .key
            .as_ref()
            .is_some_and(|key| DIRECTIVES.iter().any(|directive| key.is(directive)));
        if !known {
            let key = entry.key.as_ref().map_or("", |key| &key.0);
            checker.report(
                entry.line,
                Rule::Directive,
                format!("[Version] has no directive '{key}'"),
            );
        }
    }
    match checker.value("Version", "Signature") {
        Some((value, _)) if value.is("$Windows NT$") => {}
        found => checker.report(
            found.map_or(line, |(_, line)| line),
            Rule::Signature,
            "[Version] needs Signature = \"$WINDOWS NT$\"",
        ),
    }
    class(checker, line);
    if checker.value("Version", "Provider").is_none() {
        checker.report(
            line,
            Rule::Provider,
            "[Version] needs a Provider with a name",
        );
    }
    driver_version(checker, line);
    match checker.value("Version", "CatalogFile") {
        Some((value, _)) if is_catalog(&value.0) => {}
        found => checker.report(
            found.map_or(line, |(_, line)| line),
            Rule::CatalogFile,
            "[Version] needs a CatalogFile, the name of a .cat file beside the INF",
        ),
    }
    match checker.value("Version", "PnpLockdown") {
        Some((value, _)) if value.number() == Some(1) => {}
        found => checker.report(
            found.map_or(line, |(_, line)| line),
            Rule::PnpLockdown,
            "[Version] needs PnpLockdown = 1, so that programs cannot change the installed files",
        ),
    }
}

fn is_catalog(name: &str) -> bool {
    name.to_ascii_lowercase()
        .strip_suffix(".cat")
        .is_some_and(|stem| !stem.is_empty() && !stem.contains(['\\', '/', ':']))
}

fn class(checker: &mut Checker<'_>, line: usize) {
    let Some((class, class_line)) = checker.value("Version", "Class") else {
        checker.report(line, Rule::Class, "[Version] needs a Class");
        return;
    };
    if ["Sample", "Samples", "Unknown", "LegacyDriver", "NoDriver"]
        .iter()
        .any(|name| class.is(name))
    {
        checker.report(
            class_line,
            Rule::Class,
            format!(
                "'{}' is not a class for a driver that anybody installs",
                class.0
            ),
        );
    }
    let Some((guid, guid_line)) = checker.value("Version", "ClassGuid") else {
        checker.report(line, Rule::Class, "[Version] needs a ClassGuid");
        return;
    };
    let Some(guid) = guid_of(guid) else {
        checker.report(
            guid_line,
            Rule::Class,
            format!("'{}' is not a GUID in braces", guid.0),
        );
        return;
    };
    let by_name = SYSTEM_CLASSES.iter().find(|(name, _)| class.is(name));
    let by_guid = SYSTEM_CLASSES.iter().find(|(_, system)| *system == guid);
    match (by_name, by_guid) {
        (Some((name, system)), _) if *system != guid => checker.report(
            guid_line,
            Rule::Class,
            format!("the class {name} has the ClassGuid {{{system}}}"),
        ),
        (None, Some((name, _))) => checker.report(
            class_line,
            Rule::Class,
            format!("this ClassGuid is that of the class {name}"),
        ),
        _ => {}
    }
    let installs = checker
        .inf
        .sections
        .iter()
        .find(|section| crate::infcheck::inf::is_or_decorates(&section.name, "ClassInstall32"))
        .map(|section| section.line);
    match (by_guid, installs) {
        (None, None) => checker.report(
            class_line,
            Rule::ClassInstall,
            "a class of one's own needs [ClassInstall32]",
        ),
        (Some((name, _)), Some(line)) => checker.report(
            line,
            Rule::ClassInstall,
            format!("{name} is a class of Windows, which no package may install"),
        ),
        _ => {}
    }
}

/// What is between the braces, in lower case.
fn guid_of(field: &Field) -> Option<String> {
    let inner = field.0.strip_prefix('{')?.strip_suffix('}')?;
    let lengths: Vec<usize> = inner.split('-').map(str::len).collect();
    (lengths == [8, 4, 4, 4, 12] && inner.chars().all(|c| c == '-' || c.is_ascii_hexdigit()))
        .then(|| inner.to_ascii_lowercase())
}

fn driver_version(checker: &mut Checker<'_>, line: usize) {
    let Some(entry) = checker
        .inf
        .entries("Version")
        .find(|entry| entry.is("DriverVer"))
    else {
        checker.report(line, Rule::DriverVersion, "[Version] needs a DriverVer");
        return;
    };
    let date = entry.field(0).and_then(|date| date_of(&date.0));
    match date {
        None => checker.report(
            entry.line,
            Rule::DriverVersion,
            "DriverVer begins with a date, mm/dd/yyyy",
        ),
        // What Inf2Cat asks for.
        Some(date) if date < (2009, 4, 21) => checker.report(
            entry.line,
            Rule::DriverVersion,
            "DriverVer's date is before 04/21/2009, the first one that a catalog may have",
        ),
        Some(_) => {}
    }
    let version = entry.field(1).and_then(|version| {
        let parts: Vec<&str> = version.0.split('.').collect();
        let numbers = parts.iter().all(|part| part.parse::<u16>().is_ok());
        (parts.len() == 4 && numbers).then_some(())
    });
    if version.is_none() {
        checker.report(
            entry.line,
            Rule::DriverVersion,
            "DriverVer ends with a version, w.x.y.z, of four numbers up to 65535",
        );
    }
}

/// Year, month and day.
fn date_of(text: &str) -> Option<(u16, u16, u16)> {
    let parts: Vec<&str> = text.split('/').collect();
    let [month, day, year] = parts[..] else {
        return None;
    };
    if (month.len(), day.len(), year.len()) != (2, 2, 4) {
        return None;
    }
    let (year, month, day): (u16, u16, u16) =
        (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day).then_some((year, month, day))
}
