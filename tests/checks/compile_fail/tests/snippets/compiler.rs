//! Compiles a snippet for the driver's target and collects the errors.

use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::expectation::Errors;

const TARGET: &str = "x86_64-pc-windows-msvc";

/// A line of `cargo check --message-format=json`, as far as it matters here.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    message: Option<Message>,
    #[serde(default)]
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    code: Option<Code>,
    spans: Vec<Span>,
    rendered: Option<String>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    is_primary: bool,
    file_name: String,
    line_start: usize,
    expansion: Option<Box<Expansion>>,
}

/// Where a macro was used.
#[derive(Deserialize)]
struct Expansion {
    span: Span,
}

impl Span {
    /// The line of `file` that this is in, or comes from by way of macros.
    fn line_in(&self, file: &Path) -> Option<usize> {
        if file.ends_with(&self.file_name) {
            return Some(self.line_start);
        }
        self.expansion.as_ref()?.span.line_in(file)
    }
}

/// `cargo check` for the driver's target, with the toolchain that `cargo make` uses.
fn cargo_check() -> Command {
    if cfg!(windows) {
        let mut cargo = Command::new("cargo");
        cargo.args(["check", "--target", TARGET]);
        return cargo;
    }
    let mut cargo = Command::new("../../linux/cargo.sh");
    cargo.args([TARGET, "check"]);
    cargo
}

/// The errors in the file `snippet`; none if it compiles.
pub fn errors(snippet: &Path) -> Errors {
    let output = cargo_check()
        .args([
            "--release",
            "--package",
            "compile_fail",
            "--lib",
            "--features",
            "snippet",
        ])
        .args(["--message-format", "json"])
        .env("SNIPPET", snippet)
        .stderr(Stdio::piped())
        .output()
        .expect("cargo can be run");
    let mut errors = Errors::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let line: Line = serde_json::from_str(line).expect("cargo prints JSON");
        let (Some(message), Some(target)) = (line.message, line.target) else {
            continue;
        };
        // The error that counts the errors is nowhere.
        let Some(span) = message.spans.iter().find(|span| span.is_primary) else {
            continue;
        };
        if message.level != "error" {
            continue;
        }
        assert_eq!(
            target.name,
            env!("CARGO_PKG_NAME"),
            "a dependency does not compile:\n{}",
            message.rendered.unwrap_or_default()
        );
        let code = message
            .code
            .map_or("an error without a code".to_owned(), |code| code.code);
        errors.insert((span.line_in(snippet).unwrap_or(0), code));
    }
    // Else something failed before the snippet, or the errors were not understood.
    assert_eq!(
        output.status.success(),
        errors.is_empty(),
        "{}: {}",
        snippet.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    errors
}
