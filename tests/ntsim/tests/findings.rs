//! What is said of findings: to people, to programs and to code scanning; and those that are allowed.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

#[path = "sample/image.rs"]
mod image;

use image::driver;

/// The rule that the sample breaks: its DriverEntry fails.
const RULE: &str = "add-device-failed";

/// Runs `ntsim run` on the sample, in a folder of the test's own.
fn run(test: &str, arguments: &[&str]) -> (Output, PathBuf) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("sample.sys"), driver()).expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_ntsim"))
        .args(["run", "sample.sys"])
        .args(arguments)
        .current_dir(&folder)
        .output()
        .expect("ntsim can be started");
    (output, folder)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn what_is_allowed_is_listed_and_is_no_finding() {
    let (output, _) = run("plain", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains(&format!("FOUND {RULE}:")));
    let (output, _) = run(
        "allowed",
        &[
            "--allow",
            &format!("{RULE}=it is a sample"),
            "--allow",
            "irp-lost",
        ],
    );
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(!said.contains("FOUND"), "{said}");
    let lines: Vec<&str> = said.lines().rev().take(2).collect();
    assert_eq!(
        lines[1],
        format!("allowed: {RULE} (it is a sample): 1 schedules in 1 scenarios")
    );
    assert_eq!(lines[0], "allowed: irp-lost: has not come up");
    // Another rule that is allowed does not help.
    let (output, _) = run("other", &["--allow", "irp-lost"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_rule_that_is_none_is_refused() {
    let (output, _) = run("unknown", &["--allow", "add-device-fails"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(
        said.contains("there is no rule \"add-device-fails\""),
        "{said}"
    );
    assert!(said.contains(RULE), "{said}");
}

#[test]
fn json_is_all_that_is_printed() {
    let (output, _) = run("json", &["--json", "--allow", RULE]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["exit"], 0);
    assert_eq!(document["driver"], "sample.sys");
    let finding = &document["scenarios"][0]["findings"][0];
    assert_eq!(finding["rule"], RULE);
    assert_eq!(finding["allowed"], true);
    assert_eq!(document["allowed"][0]["schedules"], 1);
}

#[test]
fn sarif_has_the_result_with_its_rule() {
    let (output, folder) = run("sarif", &["--sarif", "out.sarif"]);
    assert_eq!(output.status.code(), Some(1));
    let log: Value = serde_json::from_slice(&fs::read(folder.join("out.sarif")).unwrap()).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 1);
    let index = usize::try_from(results[0]["ruleIndex"].as_u64().unwrap()).unwrap();
    let rule = &run["tool"]["driver"]["rules"][index];
    assert_eq!(
        (&rule["id"], &results[0]["ruleId"]),
        (&RULE.into(), &RULE.into())
    );
    assert!(rule["help"]["text"].as_str().unwrap().len() > 20);
    let file = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(file, "sample.sys");
}

#[test]
fn a_file_that_cannot_be_written_is_said() {
    let (output, _) = run("unwritable", &["--sarif", "no-such-folder/out.sarif"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("cannot be written"));
}

/// The script of the GitHub action, with an environment as the action makes it.
#[test]
fn the_action_explores_and_writes_sarif() {
    let (_, folder) = run("action", &[]);
    let action = PathBuf::from("../../.github/actions/check-my-sys");
    let text = fs::read_to_string(action.join("action.yml")).unwrap();
    let script = fs::canonicalize(action.join("check.sh")).unwrap();
    let program = PathBuf::from(env!("CARGO_BIN_EXE_ntsim"));
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", program.parent().unwrap().display());
    let check = |more: &[(&str, &str)]| {
        let output = Command::new("bash")
            .arg(&script)
            .envs([("DRIVER", "sample.sys"), ("SARIF", "out.sarif")])
            .envs(more.iter().copied())
            .env("PATH", &path)
            .current_dir(&folder)
            .output()
            .unwrap();
        let text = format!(
            "{}{}",
            self::text(&output.stdout),
            self::text(&output.stderr)
        );
        (output.status.code(), text)
    };
    let (code, said) = check(&[]);
    assert_eq!(code, Some(1), "{said}");
    let (code, said) = check(&[("ALLOW", "irp-lost\nadd-device-failed=it is a sample\n")]);
    assert_eq!(code, Some(0), "{said}");
    let log: Value = serde_json::from_slice(&fs::read(folder.join("out.sarif")).unwrap()).unwrap();
    let suppression = &log["runs"][0]["results"][0]["suppressions"][0];
    assert_eq!(suppression["justification"], "it is a sample");
    // The sample fails in DriverEntry, so in every scenario.
    let (code, said) = check(&[("IOCTL", "0x222004"), ("OUTPUT", "8")]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("send+cancel") && said.contains("FOUND"),
        "{said}"
    );
    // What the script reads, the action gives.
    for name in [
        "DRIVER",
        "SCENARIOS",
        "IOCTL",
        "INPUT",
        "OUTPUT",
        "ALLOW",
        "SECONDS_EACH",
        "SARIF",
    ] {
        let script = fs::read_to_string(&script).unwrap();
        assert!(
            script.contains(&format!("{{{name}")) || script.contains(&format!("${name}")),
            "{name}"
        );
        assert!(
            text.contains(&format!("        {name}: ${{{{ inputs.")),
            "{name}"
        );
    }
}
