//! What is no x64 driver: one sentence, exit code 2, no panic.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use ntsim::image::{ImageError, Plan};

#[path = "sample/image.rs"]
mod image;

use image::driver;

fn run(name: &str, bytes: &[u8]) -> Output {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).expect("the file can be written");
    Command::new(env!("CARGO_BIN_EXE_ntsim"))
        .arg("run")
        .arg(&path)
        .output()
        .expect("ntsim can be started")
}

fn assert_refused(name: &str, bytes: &[u8], sentence: &str) {
    let output = run(name, bytes);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{name}: {text}");
    assert_eq!(text.lines().count(), 1, "{name}: {text}");
    assert!(text.contains(sentence), "{name}: {text}");
}

#[test]
fn the_smallest_driver_is_taken() {
    assert!(Plan::parse(&driver()).is_ok());
    let output = run("smallest.sys", &driver());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("DriverEntry returned STATUS_UNSUCCESSFUL"),
        "{text}"
    );
}

#[test]
fn other_files_are_refused() {
    assert_refused("empty.sys", b"", "not a PE image");
    assert_refused("text.sys", b"This is no driver.", "not a PE image");
    assert_refused("dos.sys", &driver()[..0x40], "not a PE image");
    let mut bytes = driver();
    bytes[0x84..0x86].copy_from_slice(&0x14cu16.to_le_bytes());
    assert_refused("x86.sys", &bytes, "32-bit x86");
    bytes[0x84..0x86].copy_from_slice(&0xaa64u16.to_le_bytes());
    assert_refused("arm64.sys", &bytes, "ARM64");
    let mut bytes = driver();
    bytes[0x80 + 24 + 68] = 2;
    assert_refused("user.dll", &bytes, "user-mode");
    assert_refused("truncated.sys", &driver()[..0x500], "truncated");
    let mut bytes = driver();
    bytes[0x80 + 24 + 16..0x80 + 24 + 20].copy_from_slice(&0x10u32.to_le_bytes());
    assert_refused("entry.sys", &bytes, "entry point");
}

#[test]
fn a_file_that_is_not_there_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_ntsim"))
        .args(["run", "no-such-driver.sys"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

/// Every one-byte change of the headers, and every truncation, gives a result and no panic.
#[test]
fn damaged_files_never_panic() {
    let original = driver();
    let mut refused = 0;
    for length in 0..original.len() {
        refused += usize::from(Plan::parse(&original[..length]).is_err());
    }
    assert!(refused > 0x400);
    for offset in 0..0x400 {
        for value in [0x00, 0x01, 0x7f, 0x80, 0xff] {
            let mut bytes = original.clone();
            bytes[offset] = value;
            let _: Result<Plan, ImageError> = Plan::parse(&bytes);
        }
    }
}

/// Random words in the headers, from a fixed seed.
#[test]
fn random_headers_never_panic() {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..20_000 {
        let mut bytes = driver();
        for _ in 0..=next() % 4 {
            let offset = 0x40 + usize::try_from(next() % 0x1c0).unwrap();
            let word = u32::try_from(next() >> 32).unwrap();
            bytes[offset..offset + 4].copy_from_slice(&word.to_le_bytes());
        }
        let _: Result<Plan, ImageError> = Plan::parse(&bytes);
    }
}
