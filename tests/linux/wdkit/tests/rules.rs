//! Each rule can be broken: the shipped INF with one thing wrong, and the line and rule that are
//! reported for it.

use std::collections::BTreeSet;

use wdkit::infcheck::{Finding, Rule, check};

/// `inf/csq.inx` as wdkit stamps it.
fn shipped() -> String {
    include_str!("../../../../inf/csq.inx")
        .replace("\r\n", "\n")
        .replace("$ARCH$", "amd64")
        .replace("01/01/2026,0.0.0.0", "11/22/2026,0.1.0.0")
}

/// A rule, a text that the shipped INF has, and what in its place breaks the rule.
const CASES: &[(Rule, &str, &str)] = &[
    (Rule::Syntax, "[DestinationDirs]", "[DestinationDirs"),
    (Rule::Syntax, "\"csq contributors\"", "\"csq contributors"),
    (
        Rule::Encoding,
        "\"csq contributors\"",
        "\"csq contributörs\"",
    ),
    (
        Rule::Placeholder,
        "[Models.NTamd64.10",
        "[Models.NT$ARCH$.10",
    ),
    (Rule::Strings, "= %DiskName%", "= %DiscName%"),
    (Rule::Strings, "= %DiskName%", "= %DiskName"),
    (Rule::Strings, "DiskName    =", "Provider    ="),
    (
        Rule::UnusedString,
        "DiskName    =",
        "Disk = \"unused\"\nDiskName    =",
    ),
    (
        Rule::Directive,
        "PnpLockdown = 1",
        "PnpLockdown = 1\nPnpLockUp = 1",
    ),
    (
        Rule::Directive,
        "CopyFiles = Driver_Files",
        "CopyFiles = Driver_Files\nCopyFile = x",
    ),
    (
        Rule::Directive,
        "ErrorControl  =",
        "TagId = 1\nErrorControl  =",
    ),
    (
        Rule::Directive,
        "AddReg = Class_AddReg",
        "AddReg = Class_AddReg\nCopyFiles = Driver_Files",
    ),
    (
        Rule::Isolation,
        "CopyFiles = Driver_Files",
        "CopyFiles = Driver_Files\nRegisterDlls = x",
    ),
    (
        Rule::Isolation,
        "[Driver_Service]",
        "[Device_Install.NT.CoInstallers]\n[Driver_Service]",
    ),
    (
        Rule::MissingSection,
        "AddReg = Device_Security",
        "AddReg = Device_Secrecy",
    ),
    (
        Rule::MissingSection,
        "= Device_Install, Root",
        "= Driver_Install, Root",
    ),
    (
        Rule::MissingSection,
        "CopyFiles = Driver_Files",
        "CopyFiles = Driver_File",
    ),
    (
        Rule::UnreferencedSection,
        "[Driver_Service]",
        "[Driver_Servce]\n[Driver_Service]",
    ),
    (Rule::Signature, "$WINDOWS NT$", "$CHICAGO$"),
    (Rule::Class, "= CancelSafeQueue", "= Sample"),
    (Rule::Class, "= CancelSafeQueue", "= System"),
    (
        Rule::Class,
        "{0B3F6C5E-6E0C-4B8B-9C57-2D9A3B7E5A10}",
        "{4d36e97d-e325-11ce-bfc1-08002be10318}",
    ),
    (Rule::Class, "{0B3F6C5E-6E0C", "0B3F6C5E-6E0C"),
    (Rule::ClassInstall, "[ClassInstall32]", "[ClassInstall]"),
    (
        Rule::Provider,
        "Provider    = %Provider%\nC",
        "Provider =\nC",
    ),
    (Rule::DriverVersion, "11/22/2026", "22/11/2026"),
    (Rule::DriverVersion, "11/22/2026", "02/29/2026"),
    (Rule::DriverVersion, "11/22/2026", "01/01/2009"),
    (Rule::DriverVersion, "0.1.0.0", "0.1.0"),
    (Rule::DriverVersion, "0.1.0.0", "0.1.0.65536"),
    (Rule::CatalogFile, "= csq.cat", "= csq.inf"),
    (Rule::CatalogFile, "= csq.cat", "= sub\\csq.cat"),
    (Rule::PnpLockdown, "PnpLockdown = 1", "PnpLockdown = 0"),
    (Rule::Decoration, "Models,NTamd64.10", "Models,NTx64.10"),
    (Rule::Decoration, "Models,NTamd64.10.0...19041", "Models"),
    (
        Rule::OsVersion,
        "Models,NTamd64.10.0...19041",
        "Models,NTamd64.10.0",
    ),
    (Rule::Model, "Install, Root\\CSQ", "Install"),
    (Rule::Model, "%DeviceName% = Device", "Device"),
    (
        Rule::Destination,
        "DefaultDestDir = 13",
        "DefaultDestDir = 12",
    ),
    (Rule::SourceFile, "csq.sys = 1", "csq2.sys = 1"),
    (
        Rule::SourceFile,
        "csq.sys = 1",
        "csq.sys = 1\nother.dll = 1",
    ),
    (Rule::SourceFile, "csq.sys = 1", "csq.sys = 2"),
    (Rule::Service, "ServiceType   = 1 ", "ServiceType   = 16"),
    (Rule::Service, "ErrorControl  = 1", "ErrorControl  = 4"),
    (
        Rule::Service,
        "CINST_ASSOCSERVICE = 0x00000002",
        "CINST_ASSOCSERVICE = 0",
    ),
    (Rule::StartType, "StartType     = 3", "StartType     = 1"),
    (
        Rule::StartType,
        "StartType     = 3",
        "StartType     = manual",
    ),
    (Rule::ServiceBinary, "%13%\\csq.sys", "%12%\\csq.sys"),
    (Rule::ServiceBinary, "%13%\\csq.sys", "%13%\\other.sys"),
    (Rule::Registry, "HKR,,Security", "HKLM,,Security"),
    (Rule::Registry, "HKR,,Icon,,-5", "HKR,,Icon,7,-5"),
    (Rule::Registry, "HKR,,Icon,,-5", "HKR,,Icon,0x00010001,many"),
    (Rule::Sddl, "D:P(A;;GA;;;SY)", "D:P(A;;GA;;SY)"),
    (Rule::Sddl, "D:P(A;;GA;;;SY)", "D:P(A;;GZ;;;SY)"),
];

/// The first line in which the two texts differ, counted from 1.
fn changed_line(before: &str, after: &str) -> usize {
    1 + before
        .lines()
        .zip(after.lines())
        .position(|(before, after)| before != after)
        .expect("the case changes nothing")
}

/// The findings for the shipped INF with `old` replaced by `new`, and the line that changed.
fn broken(old: &str, new: &str) -> (Vec<Finding>, usize) {
    let shipped = shipped();
    let found = shipped.matches(old).count();
    assert!(found >= 1, "'{old}' is not in the INF");
    let text = shipped.replacen(old, new, 1);
    (check(&text), changed_line(&shipped, &text))
}

#[test]
fn the_shipped_inf_breaks_no_rule() {
    assert_eq!(check(&shipped()), []);
}

#[test]
fn each_broken_rule_is_reported() {
    for (rule, old, new) in CASES {
        let (findings, _) = broken(old, new);
        assert!(
            findings.iter().any(|finding| finding.rule == *rule),
            "{}: '{new}' for '{old}' gave {findings:?}",
            rule.name()
        );
    }
}

#[test]
fn what_is_wrong_is_reported_for_its_line() {
    for (rule, old, new) in [
        (Rule::DriverVersion, "11/22/2026", "22/11/2026"),
        (Rule::Strings, "= %DiskName%", "= %DiscName%"),
        (
            Rule::Destination,
            "DefaultDestDir = 13",
            "DefaultDestDir = 12",
        ),
        (Rule::StartType, "StartType     = 3", "StartType     = 1"),
        (Rule::Sddl, "D:P(A;;GA;;;SY)", "D:P(A;;GA;;SY)"),
        (Rule::CatalogFile, "= csq.cat", "= csq.inf"),
        (Rule::Registry, "HKR,,Security", "HKLM,,Security"),
        (
            Rule::MissingSection,
            "AddReg = Device_Security",
            "AddReg = Device_Secrecy",
        ),
    ] {
        let (findings, line) = broken(old, new);
        let finding = findings.iter().find(|finding| finding.rule == rule);
        assert_eq!(finding.map(|finding| finding.line), Some(line), "{old}");
    }
}

#[test]
fn every_rule_has_a_case() {
    let tried: BTreeSet<Rule> = CASES.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(tried, Rule::ALL.iter().copied().collect());
}

#[test]
fn parameters_of_the_service_are_allowed() {
    let text = shipped()
        .replace(
            "ErrorControl  = 1",
            "AddReg = Parameters\nErrorControl  = 1",
        )
        .replace(
            "[Strings]",
            "[Parameters]\nHKR,Parameters,DeviceLimit,%REG_DWORD%,1024\n[Strings]\nREG_DWORD = 0x00010001",
        );
    assert_eq!(check(&text), []);
}

#[test]
fn comments_and_continued_lines_and_case_make_no_difference() {
    let text = shipped()
        .replace("[Manufacturer]", "[MANUFACTURER] ; who")
        .replace("CopyFiles = Driver_Files", "COPYFILES = \\\n  driver_files");
    assert_eq!(check(&text), []);
}
