//! The layers of wdm, read off its sources: a module uses only modules before it, in the order in which `lib.rs`
//! lists them, and the crate knows nothing of csq.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// A module: its name, and the lines of its files that are code.
struct Module {
    name: String,
    code: Vec<String>,
}

fn sources() -> PathBuf {
    PathBuf::from("../../src/wdm/src")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The modules that a file declares, in its order.
fn declared(source: &str) -> Vec<String> {
    let declaration = Regex::new(r"(?m)^(?:pub )?mod (\w+);$").expect("a pattern");
    let found = declaration.captures_iter(source);
    found.map(|found| found[1].to_owned()).collect()
}

/// The lines that are no comments.
fn code(source: &str) -> Vec<String> {
    let lines = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.map(str::to_owned).collect()
}

/// The code of a module: of `name.rs` and of all files in the folder `name`.
fn code_of(directory: &Path, name: &str) -> Vec<String> {
    let mut lines = code(&read(&directory.join(name).with_extension("rs")));
    if let Ok(folder) = fs::read_dir(directory.join(name)) {
        for file in folder {
            lines.extend(code(&read(&file.expect("a file in a folder").path())));
        }
    }
    lines
}

fn modules(directory: &Path, list: &str) -> Vec<Module> {
    let names = declared(&read(&sources().join(list)));
    assert!(names.len() > 5, "{list} has too few modules: {names:?}");
    let read = |name: String| Module {
        code: code_of(directory, &name),
        name,
    };
    names.into_iter().map(read).collect()
}

/// What is wrong with the uses, by paths that begin with `root`, of modules by modules. What a macro names by `$crate`
/// its caller uses.
fn complaints(modules: &[Module], root: &str) -> Vec<String> {
    let path = Regex::new(&format!(r"(?:^|[^$\w]){root}::(\w+|\{{)")).expect("a pattern");
    let mut complaints = Vec::new();
    for (index, module) in modules.iter().enumerate() {
        for line in &module.code {
            for found in path.captures_iter(line) {
                let (needed, name) = (&found[1], &module.name);
                match modules.iter().position(|other| other.name == *needed) {
                    Some(place) if place < index => {}
                    Some(place) if place == index && root == "crate" => {}
                    Some(_) => {
                        complaints.push(format!("{name} uses {needed}, which is not before it"));
                    }
                    None => complaints.push(format!("{name} uses {needed}, which is no module")),
                }
            }
        }
    }
    complaints
}

/// Names of what belongs to csq, in code and comments.
fn names_of_csq(text: &str) -> Vec<String> {
    let name =
        Regex::new(r"csq[_-](?:protocol|events)|csq\.sys|csqctl|\b(?:PEND|CLAIM|COMPLETE_NEXT)\b");
    let name = name.expect("a pattern");
    name.find_iter(text)
        .map(|found| found.as_str().to_owned())
        .collect()
}

fn module(name: &str, source: &str) -> Module {
    Module {
        name: name.to_owned(),
        code: code(source),
    }
}

#[test]
fn no_module_of_wdm_uses_one_after_it() {
    let found = complaints(&modules(&sources(), "lib.rs"), "crate");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_module_of_the_queues_uses_one_after_it() {
    let found = complaints(&modules(&sources().join("csq"), "csq.rs"), "super");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_file_of_wdm_is_in_the_order() {
    for (directory, list) in [(sources(), "lib.rs"), (sources().join("csq"), "csq.rs")] {
        let names = declared(&read(&sources().join(list)));
        for file in fs::read_dir(&directory).expect("the sources") {
            let path = file.expect("a file in a folder").path();
            let stem = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            assert!(
                stem == "lib" || names.contains(&stem),
                "{} is in no list",
                path.display()
            );
        }
    }
}

#[test]
fn wdm_names_nothing_of_csq() {
    for file in walkdir::WalkDir::new(sources().join("..")) {
        let file = file.expect("the sources");
        let is_source = file
            .path()
            .extension()
            .is_some_and(|kind| kind == "rs" || kind == "toml");
        if is_source {
            let names = names_of_csq(&read(file.path()));
            assert!(names.is_empty(), "{}: {names:?}", file.path().display());
        }
    }
}

#[test]
fn a_use_of_a_later_module_is_seen() {
    let earlier = module("irp", "use crate::sys::IRP;\n// use crate::queue::Queue;\n");
    let later = module(
        "queue",
        "use crate::irp::Irp;\nfn f() { crate::queue::g(); }\n",
    );
    let modules = |irp| {
        [
            module("sys", ""),
            irp,
            module("queue", &later.code.join("\n")),
        ]
    };
    assert_eq!(complaints(&modules(earlier), "crate"), [""; 0]);
    for (source, expected) in [
        (
            "    crate::queue::insert(irp);",
            "irp uses queue, which is not before it",
        ),
        ("use crate::Queue;", "irp uses Queue, which is no module"),
        ("use crate::{queue, sys};", "irp uses {, which is no module"),
    ] {
        assert_eq!(
            complaints(&modules(module("irp", source)), "crate"),
            [expected]
        );
    }
}

#[test]
fn a_name_of_csq_is_seen() {
    let text = "use csq_protocol::wire;\n/// For CLAIM.\ncsq-events = {}\nmod csq;\nfn csq_insert_irp() {}";
    assert_eq!(names_of_csq(text), ["csq_protocol", "CLAIM", "csq-events"]);
}
