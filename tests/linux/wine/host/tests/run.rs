//! How programs end in a real prefix.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

fn wine_host(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wine-host"))
        .args(arguments)
        .output()
        .expect("wine-host starts")
}

/// What `wine-host` returns for a command of Wine's cmd.exe.
fn exit_code(options: &[&str], command: &str) -> Option<i32> {
    let arguments = [&["run"], options, &["--", "cmd", "/c", command]].concat();
    wine_host(&arguments).status.code()
}

// One test: they share a session, and the last one ends it.
#[test]
#[ignore = "needs Wine and takes a while; `cargo make test` includes it"]
fn a_program_ends_as_it_ended() {
    assert!(wine_host(&["prepare"]).status.success());

    assert_eq!(exit_code(&[], "exit 0"), Some(0));
    assert_eq!(exit_code(&[], "exit 7"), Some(7));
    // 512 is 0 in the eight bits that Linux keeps.
    assert_eq!(exit_code(&[], "exit 512"), Some(123));
    assert_eq!(
        exit_code(&["--dir", "/no/such/directory"], "exit 0"),
        Some(125)
    );
    assert_eq!(
        wine_host(&["run", "no-such-program.exe"]).status.code(),
        Some(127)
    );

    let output = wine_host(&["run", "--dir", "/", "--", "cmd", "/c", "cd"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "Z:\\");

    let start = Instant::now();
    let hung = "ping -n 600 127.0.0.1";
    assert_eq!(exit_code(&["--time-limit", "1"], hung), Some(124));
    assert!(start.elapsed() < Duration::from_mins(1));
    assert_eq!(exit_code(&[], "exit 3"), Some(3));
    assert!(wine_host(&["stop"]).status.success());
}
