//! Every input in `tests/fuzz/corpus`, and what is near it, as an ordinary test.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use properties::{DRIVER, Property, READERS};

fn corpus() -> PathBuf {
    PathBuf::from("../corpus")
}

fn inputs(name: &str) -> Vec<PathBuf> {
    let directory = corpus().join(name);
    let entries = fs::read_dir(&directory).expect("each property has a corpus");
    let mut inputs: Vec<PathBuf> = entries
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    inputs.sort();
    inputs
}

fn all() -> impl Iterator<Item = Property> {
    DRIVER.into_iter().chain(READERS)
}

#[test]
fn every_input_of_the_corpus_keeps_its_property() {
    for (name, property) in all() {
        let inputs = inputs(name);
        assert!(!inputs.is_empty(), "{name}");
        for input in inputs {
            // Shown if the test fails.
            println!("{}", input.display());
            property(&fs::read(&input).unwrap());
        }
    }
}

#[test]
fn every_beginning_of_what_is_read_keeps_its_property() {
    for (name, property) in READERS {
        for input in inputs(name) {
            println!("{}", input.display());
            let bytes = fs::read(&input).unwrap();
            for beginning in (0..bytes.len()).step_by(1 + bytes.len() / 200) {
                property(bytes.get(..beginning).unwrap());
            }
        }
    }
}

#[test]
fn every_corpus_belongs_to_a_property_and_a_fuzzer() {
    let names: BTreeSet<String> = all().map(|(name, _)| name.to_owned()).collect();
    let entries = fs::read_dir(corpus()).unwrap();
    let corpora = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(corpora.collect::<BTreeSet<_>>(), names);
    let manifest = fs::read_to_string(corpus().join("../Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
}
