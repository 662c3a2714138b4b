//! Every input in `tests/hunt/fuzz/corpus`, and what is near it, as an ordinary test.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use differential::corpus;
use properties::{DRIVER, Property, READERS};

fn directory() -> PathBuf {
    PathBuf::from("../corpus")
}

fn inputs(name: &str) -> Vec<Vec<u8>> {
    corpus::read(&directory().join(format!("{name}.hex"))).expect("each property has a corpus")
}

fn all() -> impl Iterator<Item = Property> {
    DRIVER.into_iter().chain(READERS)
}

#[test]
fn every_input_of_the_corpus_keeps_its_property() {
    for (name, property) in all() {
        let inputs = inputs(name);
        assert!(!inputs.is_empty(), "{name}");
        for (index, input) in inputs.iter().enumerate() {
            // Shown if the test fails.
            println!("{name}.hex, line {}", index + 1);
            property(input);
        }
    }
}

#[test]
fn every_beginning_of_what_is_read_keeps_its_property() {
    for (name, property) in READERS {
        for (index, bytes) in inputs(name).iter().enumerate() {
            println!("{name}.hex, line {}", index + 1);
            for beginning in (0..bytes.len()).step_by(1 + bytes.len() / 200) {
                property(bytes.get(..beginning).unwrap());
            }
        }
    }
}

#[test]
fn every_corpus_belongs_to_a_property_and_a_fuzzer() {
    let names: BTreeSet<String> = all().map(|(name, _)| name.to_owned()).collect();
    let entries = fs::read_dir(directory()).unwrap();
    let files = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let corpora = files.map(|file| file.trim_end_matches(".hex").to_owned());
    assert_eq!(corpora.collect::<BTreeSet<_>>(), names);
    let manifest = fs::read_to_string(directory().join("../Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}
