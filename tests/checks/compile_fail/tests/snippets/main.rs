//! Each file in `misuse` is refused by the compiler with the errors that the file itself announces,
//! at the lines where it does, and with no others; each file in `use` compiles.
//!
//! A line announces an error with `//~ ERROR E0382` at its end, or with the name of a denied lint; more than one
//! with commas in between. Some errors about lifetimes have no code: `an error without a code`.
//!
//! A misuse that once was possible in safe code, and was undefined behavior, begins with "Hole:".
//!
//! The compiler is whatever `cargo make` uses, with the same sysroot. That is why this is no case
//! for `ui_test` or `trybuild`: they compile the dependencies again in a directory of their own,
//! wdk-build and bindgen included, and for a toolchain of their choice.

#![expect(
    clippy::unwrap_used,
    reason = "a snippet that cannot be read is a failure"
)]

mod compiler;
mod expectation;

use std::fs;
use std::path::PathBuf;

use expectation::Errors;

/// The files in a directory of this package.
fn snippets(directory: &str) -> Vec<PathBuf> {
    let directory = fs::canonicalize(directory).unwrap();
    let mut files: Vec<PathBuf> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no file in {}", directory.display());
    files
}

/// Compiles every file of a directory and tells which did not go as announced.
fn run(directory: &str, announces: fn(&Errors) -> bool) {
    let files = snippets(directory);
    let mut wrong = Vec::new();
    for file in &files {
        let source = fs::read_to_string(file).unwrap();
        let expected = expectation::announced(&source);
        assert!(
            announces(&expected),
            "{} is in the wrong directory",
            file.display()
        );
        if let Err(difference) = expectation::compare(&expected, &compiler::errors(file)) {
            wrong.push(format!("{}:\n{difference}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} files in {directory}", files.len());
}

#[test]
fn every_misuse_is_refused_as_announced() {
    run("misuse", |errors| !errors.is_empty());
}

#[test]
fn every_use_compiles() {
    run("use", Errors::is_empty);
}
