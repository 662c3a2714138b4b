//! A driver in C that touches the buffers of programs (`cases/catches`) catches with `__try` what Windows would let it
//! catch, and comes to its `__finally`.
//!
//! Needs clang, as the other cases.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the drivers and returns their folder, which no other test builds in.
fn built(names: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("catches")
        .join(names.join("-"));
    let status = Command::new("cases/catches/build.sh")
        .arg(&folder)
        .args(names)
        .status()
        .expect("cases/catches/build.sh can be started");
    assert!(status.success(), "cases/catches/build.sh: {status}");
    folder
}

/// Runs `ntsim explore DRIVER ARGUMENTS...`, and returns what it printed and its exit code.
fn explore(driver: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_ntsim"))
        .arg("explore")
        .arg(driver)
        .args(arguments)
        .args(["--csq-order", "documented"])
        .output()
        .expect("ntsim can be started");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (text, output.status.code())
}

/// The sum of the input, and all pairs and triples of sending, canceling, freeing the buffers and so on.
const SETS: [&str; 6] = [
    "--ioctl", "0x22200f", "--input", "01020304", "--output", "4",
];
const SCENARIO: [&str; 2] = ["--scenario", "cases/catches/scenario.toml"];

#[test]
#[ignore = "needs clang"]
fn what_a_program_takes_away_is_caught() {
    let folder = built(&["caught", "filtered"]);
    for name in ["caught", "filtered"] {
        let driver = folder.join(name).with_extension("sys");
        for arguments in [&SETS[..], &SCENARIO] {
            let (text, code) = explore(&driver, arguments);
            assert_eq!(code, Some(0), "{name}: {text}");
            assert!(!text.contains("bounded by"), "{name}: {text}");
        }
    }
}

#[test]
#[ignore = "needs clang"]
fn without_a_try_it_is_found() {
    let folder = built(&["uncaught"]);
    let driver = folder.join("uncaught.sys");
    for arguments in [&SETS[..], &SCENARIO] {
        let (text, code) = explore(&driver, arguments);
        assert_eq!(code, Some(1), "{text}");
        assert!(
            text.contains("FOUND access-violation: the driver touched a program's buffer"),
            "{text}"
        );
    }
}
