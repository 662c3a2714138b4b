//! The comments on unsafe code of the driver give reasons, and the paths that `src/lib.rs` lists are short.

use std::fs;
use std::path::{Path, PathBuf};

/// The sources in a folder and below it.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn safety_comments_give_a_reason() {
    let mut files = Vec::new();
    sources(Path::new("../../src"), &mut files);
    let mut comments = 0;
    let mut empty = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a source");
        for (index, line) in text.lines().enumerate() {
            let Some((_, reason)) = line.split_once("// SAFETY: ") else {
                continue;
            };
            comments += 1;
            if matches!(reason.trim_end_matches('.'), "by the caller" | "as above") {
                empty.push(format!("{}:{}", file.display(), index + 1));
            }
        }
    }
    assert!(comments > 300, "only {comments} comments found");
    // One in ten would be bearable; there is none, so the next one is noticed.
    assert_eq!(empty, Vec::<String>::new(), "these only point elsewhere");
}

/// The files of the table that begins with `heading`, as it stands, in the documentation of the driver.
fn path(text: &str, heading: &str) -> Vec<String> {
    let start = text.find(heading).expect("the table");
    let rows = text[start..].lines().skip(2);
    let rows = rows.map_while(|line| line.strip_prefix("//! | "));
    let mut files = Vec::new();
    for row in rows {
        let (names, what) = row.split_once(" | ").expect("two columns");
        files.extend(names.split(", ").map(|it| it.trim_matches('`').to_owned()));
        assert!(!what.is_empty());
    }
    files
}

#[test]
fn the_paths_of_a_request_cross_few_files() {
    let text = fs::read_to_string("../../src/lib.rs").expect("the driver");
    for heading in ["//! | `PEND` |", "//! | `COMPLETE` |"] {
        let files = path(&text, heading);
        assert!((10..=14).contains(&files.len()), "{heading}: {files:?}");
        for file in files {
            let place = match file.strip_prefix("wdm/") {
                Some(file) => format!("../../src/wdm/src/{file}"),
                None => format!("../../src/{file}"),
            };
            assert!(Path::new(&place).is_file(), "{heading} names {file}");
        }
    }
}
