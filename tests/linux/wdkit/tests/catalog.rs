//! A catalog, field by field: what OpenSSL reads in it is compared with `catalog.txt`, which says where each fact is from.

use std::fs;
use std::process::Command;
use std::time::Duration;

use wdkit::catalog::{self, Member, Target};

const FIELDS: &str = include_str!("catalog.txt");

/// What OpenSSL reads: a line for each field, without offsets and lengths.
fn fields(catalog: &[u8]) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let path = directory.path().join("test.cat");
    fs::write(&path, catalog).expect("it can be written");
    let output = Command::new("openssl")
        .args(["asn1parse", "-inform", "DER", "-in"])
        .arg(path)
        .output()
        .expect("openssl is installed");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("it prints ASCII");
    let field = |line: &str| {
        let (place, rest) = line.split_once("l=").expect("every field has a length");
        let depth = place.split_once("d=").expect("and a depth").1;
        let depth = depth.split_whitespace().next().expect("which is a number");
        let kind = rest.split_once(": ").expect("and a kind").1;
        // OpenSSL's own names of objects differ from version to version.
        let words: Vec<&str> = kind.split_whitespace().collect();
        format!("{depth} {}", words.join(" "))
    };
    text.lines().map(field).collect()
}

#[test]
fn every_field_is_the_documented_one() {
    let members = [Member {
        name: "test.inf".to_owned(),
        contents: b"[Version]\r\n".to_vec(),
    }];
    let target = Target {
        hardware_ids: &["Root\\TEST".to_owned()],
        system: "_v100_X64",
    };
    let time = Duration::from_hours(500_000);
    let catalog = catalog::unsigned(&members, &target, time).expect("the names are ASCII");
    let wanted: Vec<&str> = FIELDS
        .lines()
        .map(|line| line.split("  # ").next().unwrap_or_default().trim_end())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let made = fields(&catalog);
    for (number, (made, wanted)) in made.iter().zip(&wanted).enumerate() {
        assert_eq!(made, wanted, "field {number}");
    }
    assert_eq!(made.len(), wanted.len());
    assert!(catalog::lists(&catalog, &members[0]).expect("it can be hashed"));
    let [mut other] = members;
    other.contents.push(b'x');
    assert!(!catalog::lists(&catalog, &other).expect("it can be hashed"));
}
