//! What is in `target/package`, judged by other programs than made it: signatures by osslsigncode and
//! OpenSSL, the catalog's structure by OpenSSL.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{fs, str};

fn root() -> &'static Path {
    Path::new("../../..")
}

fn package(name: &str) -> PathBuf {
    let path = root().join("target/package").join(name);
    assert!(path.exists(), "`cargo make` comes first");
    path
}

/// `csq.cer` as osslsigncode takes it.
fn trusted(directory: &Path) -> PathBuf {
    let pem = directory.join("csq.pem");
    let output = Command::new("openssl")
        .args(["x509", "-inform", "DER", "-in"])
        .arg(package("csq.cer"))
        .arg("-out")
        .arg(&pem)
        .output()
        .expect("it can be run and read");
    assert!(output.status.success(), "{output:?}");
    pem
}

fn verify(arguments: &[&Path]) -> Output {
    let directory = tempfile::tempdir().expect("it can be run and read");
    Command::new("osslsigncode")
        .args(["verify", "-CAfile"])
        .arg(trusted(directory.path()))
        .args(arguments)
        .output()
        .expect("it can be run and read")
}

/// What OpenSSL reads in the catalog, and its plain bytes.
fn catalog() -> (String, Vec<u8>) {
    let path = package("csq.cat");
    let output = Command::new("openssl")
        .args(["asn1parse", "-inform", "DER", "-in"])
        .arg(&path)
        .output()
        .expect("it can be run and read");
    assert!(output.status.success(), "{output:?}");
    (
        String::from_utf8(output.stdout).expect("it can be run and read"),
        fs::read(path).expect("it can be run and read"),
    )
}

fn openssl_digest(name: &str, algorithm: &str) -> String {
    let output = Command::new("openssl")
        .args(["dgst", algorithm, "-r"])
        .arg(package(name))
        .output()
        .expect("it can be run and read");
    let text = String::from_utf8(output.stdout).expect("it can be run and read");
    text.split_whitespace()
        .next()
        .expect("it can be run and read")
        .to_uppercase()
}

fn contains(bytes: &[u8], text: &str, encode: fn(u16) -> [u8; 2]) -> bool {
    let wanted: Vec<u8> = text.encode_utf16().flat_map(encode).collect();
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[test]
#[ignore = "needs target/package: cargo make test package"]
fn the_driver_is_signed_with_page_hashes() {
    let output = verify(&["-in".as_ref(), &package("csq.sys")]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    for wanted in [
        "Message digest algorithm  : SHA256",
        "Page hash algorithm  : SHA256",
        "Signature verification: ok",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[test]
#[ignore = "needs target/package: cargo make test package"]
fn the_catalog_is_signed_and_lists_the_driver() {
    let output = verify(&[
        "-c".as_ref(),
        &package("csq.cat"),
        "-in".as_ref(),
        &package("csq.sys"),
    ]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("File is signed in catalog"), "{text}");
}

#[test]
#[ignore = "needs target/package: cargo make test package"]
fn a_changed_driver_is_neither_signed_nor_listed() {
    let directory = tempfile::tempdir().expect("it can be run and read");
    let changed = directory.path().join("csq.sys");
    let mut image = fs::read(package("csq.sys")).expect("it can be run and read");
    // In the first section's code.
    *image.get_mut(0x500).expect("a driver is larger") ^= 1;
    fs::write(&changed, image).expect("it can be run and read");
    assert!(!verify(&["-in".as_ref(), &changed]).status.success());
    let listed = verify(&["-c".as_ref(), &package("csq.cat"), "-in".as_ref(), &changed]);
    assert!(!listed.status.success(), "{listed:?}");
}

#[test]
#[ignore = "needs target/package: cargo make test package"]
fn the_catalog_lists_the_inf_by_both_hashes() {
    let (parsed, _) = catalog();
    for algorithm in ["-sha1", "-sha256"] {
        let digest = openssl_digest("csq.inf", algorithm);
        assert!(parsed.contains(&format!("[HEX DUMP]:{digest}")), "{digest}");
    }
}

#[test]
#[ignore = "needs target/package: cargo make test package"]
fn the_catalog_has_the_attributes_that_inf2cat_writes() {
    let (parsed, bytes) = catalog();
    // szOID_CTL, szOID_CATALOG_LIST, szOID_CATALOG_LIST_MEMBER2, CAT_MEMBERINFO2_OBJID.
    for object in ["10.1", "12.1.1", "12.1.3", "12.2.3"] {
        let line = format!("OBJECT            :1.3.6.1.4.1.311.{object}\n");
        assert!(parsed.contains(&line), "{object}: {parsed}");
    }
    for name in ["OS", "HWID1", "OSAttr", "File"] {
        assert!(contains(&bytes, name, u16::to_be_bytes), "{name}");
    }
    for value in ["_v100_X64", "root\\csq", "2:10.0", "csq.sys", "csq.inf"] {
        assert!(
            contains(&bytes, &format!("{value}\0"), u16::to_le_bytes),
            "{value}"
        );
    }
}

#[test]
#[ignore = "needs target/package: cargo make test package"]
fn the_certificate_is_for_code_signing_and_for_nothing_else() {
    let output = Command::new("openssl")
        .args(["x509", "-inform", "DER", "-noout", "-ext"])
        .args(["basicConstraints,keyUsage,extendedKeyUsage", "-in"])
        .arg(package("csq.cer"))
        .output()
        .expect("it can be run and read");
    let text = str::from_utf8(&output.stdout).expect("it can be run and read");
    for wanted in ["CA:FALSE", "Digital Signature\n", "Code Signing\n"] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[test]
#[ignore = "needs target/package: cargo make test package"]
fn the_debugger_script_has_the_offsets_of_the_kernel_and_of_the_build() {
    let script = fs::read_to_string(package("csq.js")).expect("it is text");
    // Those of the kernel's structures for 64-bit Windows are known. The others are followed in
    // tests/hunt/differential.
    for line in [
        "extension: 0x40,",
        "link: 0xa8,",
        "slot: 0x88,",
        "file: 0xc0,",
        "thread: 0x98,",
        "buffer: 0x18,",
    ] {
        assert!(
            script.contains(&format!("    {line}\n")),
            "{line}: {script}"
        );
    }
    for name in ["slots", "pending", "ending", "waiting"] {
        assert!(script.contains(&format!("{name}: 0x")), "{name}: {script}");
    }
}

/// TR-84: nobody but the system and administrators may open the device.
#[test]
#[ignore = "needs target/package: cargo make test package"]
fn only_the_system_and_administrators_may_open_the_device() {
    let inf = fs::read_to_string(package("csq.inf")).expect("it is text");
    let descriptors: Vec<&str> = inf
        .lines()
        .filter(|line| line.contains(",Security,"))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    let [descriptor] = descriptors[..] else {
        panic!("{descriptors:?}");
    };
    let entries = descriptor.strip_prefix("D:P").expect("a protected list");
    for entry in entries.split_terminator(')') {
        let account = entry.rsplit(';').next();
        assert!(matches!(account, Some("SY" | "BA")), "{entry}");
    }
}
