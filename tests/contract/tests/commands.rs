//! The commands that people type: at most ten, and every text names only those that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use regex::Regex;
use walkdir::{DirEntry, WalkDir};

/// How many commands `cargo make --list-category-steps csq` may list.
const COMMANDS: usize = 10;

/// The page of what was, which names commands that are gone.
const HISTORY: &str = "CHANGELOG.md";

/// The tasks that Makefile.toml has in the category that is listed, and the parts of `cargo make test`.
struct Tasks {
    listed: BTreeSet<String>,
    parts: BTreeSet<String>,
}

fn tasks(makefile: &str) -> Tasks {
    let mut tasks = Tasks {
        listed: BTreeSet::new(),
        parts: BTreeSet::new(),
    };
    for section in makefile.split("\n[tasks.").skip(1) {
        let (name, body) = section.split_once("]\n").expect("the name of a task");
        if body.lines().any(|line| line == "category = \"csq\"") {
            tasks.listed.insert(name.to_owned());
        }
        if let Some(part) = name.strip_prefix("test-") {
            tasks.parts.insert(part.to_owned());
        }
    }
    tasks
}

/// What a text says to type that does not exist.
fn wrong(text: &str, tasks: &Tasks) -> Vec<String> {
    let command = Regex::new(r"cargo make\s+(?:test ([a-z0-9-]+)|([a-z0-9]+(?:-[a-z0-9]+)*))")
        .expect("a pattern");
    let found = command.captures_iter(text);
    let unknown = found.filter(|found| {
        let is_known = match (found.get(1), found.get(2)) {
            // An option is none.
            (Some(part), _) => {
                part.as_str().starts_with('-') || tasks.parts.contains(part.as_str())
            }
            (_, Some(task)) => tasks.listed.contains(task.as_str()),
            _ => true,
        };
        !is_known
    });
    unknown.map(|found| found[0].to_owned()).collect()
}

fn root() -> PathBuf {
    PathBuf::from("../..")
}

fn makefile() -> Tasks {
    let text = fs::read_to_string(root().join("Makefile.toml")).expect("it is in the checkout");
    let mut tasks = tasks(&text);
    // `cargo make` alone does it on Linux.
    assert!(tasks.listed.remove("package"));
    tasks
}

/// Whether a folder or file is one of the repository's texts.
fn is_text(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let of_no_interest = ["target", ".git", "corpus", "Cargo.lock", HISTORY];
    !of_no_interest.contains(&name.as_ref()) && !entry.path().ends_with("commands.rs")
}

#[test]
fn there_are_ten_commands_at_most() {
    let tasks = makefile();
    assert!(tasks.listed.len() <= COMMANDS, "{:?}", tasks.listed);
    assert!(tasks.parts.len() > 15, "{:?}", tasks.parts);
}

#[test]
fn every_command_in_a_text_exists() {
    let tasks = makefile();
    let mut all = Vec::new();
    for entry in WalkDir::new(root()).into_iter().filter_entry(is_text) {
        let path = entry.expect("a readable folder").into_path();
        // What is no text names no command.
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let found = wrong(&text, &tasks);
        all.extend(
            found
                .iter()
                .map(|command| format!("{}: {command}", path.display())),
        );
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn a_command_that_does_not_exist_is_seen() {
    let tasks = tasks(
        "\n[tasks.demo]\ncategory = \"csq\"\n[tasks.test]\ncategory = \"csq\"\n\n[tasks.test-lint]\nprivate = true\n",
    );
    for (text, expected) in [
        ("`cargo make` and `cargo make demo --json`", None),
        (
            "`cargo make test`, `cargo make test lint`, `cargo make test --list`",
            None,
        ),
        ("`cargo make lint`", Some("cargo make lint")),
        ("`cargo make test demo`", Some("cargo make test demo")),
        ("`cargo make demos`", Some("cargo make demos")),
    ] {
        assert_eq!(
            wrong(text, &tasks).first().map(String::as_str),
            expected,
            "{text}"
        );
    }
}
