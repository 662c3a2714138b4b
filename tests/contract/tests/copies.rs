//! A checkout that is copied with its target directory works on itself: cargo takes what was compiled in the first
//! one for its own, so no program may have a directory compiled in.

use std::fs;

use walkdir::WalkDir;

/// What compiles in the directory of a package. At run time, tests are in that directory, and programs are in the
/// one of the checkout.
const COMPILED_IN: &str = concat!("env!(\"CARGO", "_MANIFEST_DIR\")");

/// The lines with a directory compiled in.
fn compiled_in(source: &str) -> Vec<&str> {
    let lines = source.lines();
    lines.filter(|line| line.contains(COMPILED_IN)).collect()
}

#[test]
fn no_program_has_the_directory_compiled_in_that_it_was_built_in() {
    let mut number = 0;
    for folder in ["../../src", "../../tests"] {
        for entry in WalkDir::new(folder) {
            let path = entry.expect("a readable folder").into_path();
            if path.extension().is_some_and(|kind| kind == "rs") {
                let source = fs::read_to_string(&path).expect("a source file");
                let found = compiled_in(&source);
                assert!(found.is_empty(), "{}: {}", path.display(), found.join("\n"));
                number += 1;
            }
        }
    }
    assert!(number > 300, "only {number} files were read");
}

#[test]
fn a_compiled_in_directory_is_seen() {
    let source = format!("let root = Path::new({COMPILED_IN});");
    assert_eq!(compiled_in(&source), [source.as_str()]);
    assert!(compiled_in("std::env::var_os(\"CARGO_MANIFEST_DIR\")").is_empty());
}
