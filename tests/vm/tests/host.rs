//! The host's side against a stand-in for QEMU and the guest.

use std::ffi::OsString;
use std::process::{Command, Output};
use std::{env, fs};

/// The program that cargo names in this variable: at run time, because a checkout may be a copy of another.
fn program(variable: &str) -> OsString {
    env::var_os(variable).expect("cargo test sets it")
}

/// Runs `vm` with a stand-in that behaves as asked, and a package of empty files.
fn run(behavior: &str, options: &[&str]) -> Output {
    let directory = tempfile::tempdir().expect("the directory is ours");
    for name in ["csq.sys", "csq.inf", "csq.cat", "csq.cer", "csqctl.exe"] {
        fs::write(directory.path().join(name), name).expect("the directory is ours");
    }
    let image = directory.path().join("windows.qcow2");
    fs::write(&image, "").expect("the directory is ours");
    Command::new(program("CARGO_BIN_EXE_vm"))
        .env("CSQ_STAND_IN", behavior)
        .arg("--package")
        .arg(directory.path())
        .arg("--guest")
        .arg("guest")
        .arg("--image")
        .arg(&image)
        .arg("--qemu")
        .arg(program("CARGO_BIN_EXE_stand_in"))
        .args(options)
        .output()
        .expect("the directory is ours")
}

fn assert_ends(output: &Output, code: i32, wanted: &str) {
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(wanted), "'{wanted}' is not in: {text}");
}

#[test]
fn a_guest_that_passes_all_steps_passes() {
    assert_ends(&run("pass", &[]), 0, "passed in the guest");
}

#[test]
fn a_step_that_fails_fails() {
    assert_ends(&run("fail", &[]), 1, "selftest: 2 of 59 behaviors");
}

#[test]
fn silence_fails() {
    let output = run("silent", &["--time-limit", "4"]);
    assert_ends(&output, 1, "the guest has said nothing");
}

#[test]
fn a_guest_that_restarts_fails_with_the_step_it_was_at() {
    assert_ends(
        &run("crash", &[]),
        1,
        "a bug check if nobody asked for it in stress",
    );
}

#[test]
fn a_guest_that_ends_without_a_verdict_fails() {
    assert_ends(&run("half", &[]), 1, "has not said how it ended");
}

#[test]
fn two_verdicts_fail() {
    assert_ends(&run("twice", &[]), 1, "something after the end");
}

#[test]
fn without_an_agent_it_says_what_to_do() {
    let output = run("no agent", &["--time-limit", "4", "--agent-limit", "1"]);
    assert_ends(&output, 1, "start run.cmd of the disk CSQ as administrator");
}

#[test]
fn a_qemu_that_fails_is_named() {
    assert_ends(&run("refuse", &[]), 1, "QEMU ended with exit status: 1");
}

#[test]
fn what_is_missing_on_the_host_is_named() {
    let output = run("pass", &["--qemu", "/nonexistent/qemu"]);
    assert_ends(&output, 3, "install Debian's qemu-system-x86");
    let output = run("pass", &["--image", "/nonexistent/windows.qcow2"]);
    assert_ends(&output, 3, "cannot open /nonexistent/windows.qcow2");
    let output = run("pass", &["--package", "/nonexistent"]);
    assert_ends(&output, 3, "there is nothing in /nonexistent");
}
