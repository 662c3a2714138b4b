//! csq.h of the package, as a C compiler for Windows sees it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const EXAMPLE: &str = "../../../src/protocol/c/example.c";
const HEADER: &str = "../../../target/package/csq.h";

/// Compiles the example with the csq.h in a folder.
fn compile(header: &Path, program: &Path) -> Output {
    Command::new("x86_64-w64-mingw32-gcc")
        .args([
            "-std=c99",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-I",
        ])
        .arg(header)
        .arg(EXAMPLE)
        .arg("-o")
        .arg(program)
        .arg("-lsetupapi")
        .output()
        .expect("gcc-mingw-w64-x86-64 is installed")
}

#[test]
#[ignore = "needs target/package: cargo make test package"]
fn the_example_compiles_without_a_warning() {
    let directory = tempfile::tempdir().expect("the directory is ours");
    let header = Path::new(HEADER).parent().expect("the package");
    let program = directory.path().join("example.exe");
    let output = compile(header, &program);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(program.exists());
}

#[test]
#[ignore = "needs target/package: cargo make test package"]
fn a_header_that_is_not_the_drivers_does_not_compile() {
    let directory = tempfile::tempdir().expect("the directory is ours");
    let right = fs::read_to_string(HEADER).expect("`cargo make` comes first");
    for (from, to) in [
        ("UINT32 Timeout;", "UINT64 Timeout;"),
        ("    UINT64 Tag;\n", ""),
        ("0x801, METHOD_BUFFERED", "0x801, METHOD_NEITHER"),
        (
            "0x805, METHOD_BUFFERED, FILE_WRITE_DATA",
            "0x805, METHOD_BUFFERED, FILE_READ_DATA",
        ),
    ] {
        let wrong = right.replacen(from, to, 1);
        assert_ne!(wrong, right, "{from}");
        fs::write(directory.path().join("csq.h"), wrong).expect("the directory is ours");
        let output = compile(directory.path(), &directory.path().join("example.exe"));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{to} compiles");
        assert!(text.contains("csq.h"), "{text}");
    }
}
