//! The pages: what they quote is what the sources say, and what they link to is there.
//!
//! | in a page | must |
//! |---|---|
//! | a code block below `<!-- quote: FILE -->` | be in FILE, line by line |
//! | a link to a file | lead to a file of this repository |
//! | a link `[name](FILE#L12)` | lead to the line of FILE that has the name; `CSQ_WRITE=1` corrects the number |
//! | a link to a heading, `FILE.md#heading` | lead to a heading of that page |
//!
//! README.md also has at most 150 lines, and the demo's picture as `tests/client/demo.txt` has it.

use std::fs;
use std::path::{Path, PathBuf};

use regex::{Captures, Regex};
use walkdir::WalkDir;

/// How long the first page may be.
const README_LINES: usize = 150;

/// The repository. Tests run in the folder of their package.
fn root() -> PathBuf {
    PathBuf::from("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The Markdown pages of the repository.
fn pages() -> Vec<PathBuf> {
    let entries = WalkDir::new(root()).sort_by_file_name().into_iter();
    let entries =
        entries.filter_entry(|entry| entry.file_name() != "target" && entry.file_name() != ".git");
    let paths = entries.map(|entry| entry.expect("a readable folder").into_path());
    let pages: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|kind| kind == "md"))
        .collect();
    assert!(pages.len() > 10, "too few pages: {pages:?}");
    pages
}

/// The lines without the indentation that all of them have.
fn dedent<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let indentation = |line: &&str| line.len() - line.trim_start().len();
    let filled = lines.iter().copied().filter(|line| !line.trim().is_empty());
    let least = filled.map(|line| indentation(&line)).min().unwrap_or(0);
    let cut = |line: &&'a str| line.get(least..).unwrap_or("").trim_end();
    lines.iter().map(cut).collect()
}

/// Whether the lines of a quote follow each other in a source, whatever their indentation.
fn is_quoted(quote: &str, source: &str) -> bool {
    let quote = dedent(&quote.lines().collect::<Vec<_>>());
    let source: Vec<_> = source.lines().collect();
    !quote.is_empty()
        && source
            .windows(quote.len())
            .any(|window| dedent(window) == quote)
}

/// The quotes of a page: the file, and what is said to be in it.
fn quotes(page: &str) -> Vec<(String, String)> {
    let marker = Regex::new(r"(?ms)^<!-- quote: (\S+) -->\n```\w*\n(.*?)^```$").expect("a pattern");
    let found = marker.captures_iter(page);
    found
        .map(|found| (found[1].to_owned(), found[2].to_owned()))
        .collect()
}

/// The anchor that GitHub gives to a heading.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading
        .chars()
        .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

/// The line that declares `name`, or is the heading of that name.
fn line_of(source: &str, name: &str) -> Option<usize> {
    let name = regex::escape(name);
    let pattern = format!(r"(?m)^.*(?:\b(?:fn|struct|trait|enum|type) {name}\b|# {name}$)");
    let declaration = Regex::new(&pattern).expect("a pattern");
    let start = declaration.find(source)?.start();
    Some(source.get(..start)?.lines().count() + 1)
}

/// What is wrong with a link from a page in `folder`; otherwise its target with the right line number.
fn check_link(folder: &Path, text: &str, target: &str) -> Result<String, String> {
    let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
    let file = folder.join(path);
    if !file.exists() {
        return Err(format!("{target}: there is no such file"));
    }
    let is_line = fragment
        .strip_prefix('L')
        .is_some_and(|number| number.parse::<usize>().is_ok());
    if is_line {
        let name = text.trim_matches('`');
        let line = line_of(&read(&file), name).ok_or(format!("{target}: {name} is not there"))?;
        return Ok(format!("{path}#L{line}"));
    }
    if !fragment.is_empty() {
        let headings = read(&file);
        let mut headings = headings.lines().filter(|line| line.starts_with('#'));
        if !headings.any(|heading| anchor(heading) == fragment) {
            return Err(format!("{target}: there is no such heading"));
        }
    }
    Ok(target.to_owned())
}

/// Whether a link leads out of the repository's files, or into the same page.
fn is_elsewhere(target: &str) -> bool {
    target.contains("://") || target.starts_with('#') || target.starts_with("../../actions/")
}

/// A page with its links corrected, and what is wrong with them.
fn check_links(folder: &Path, page: &str) -> (String, Vec<String>) {
    let link = Regex::new(r"\[([^\]\[]+)\]\(([^)\s]+)\)").expect("a pattern");
    let mut complaints = Vec::new();
    let corrected = link.replace_all(page, |found: &Captures<'_>| {
        let (text, target) = (&found[1], &found[2]);
        if is_elsewhere(target) {
            return found[0].to_owned();
        }
        match check_link(folder, text, target) {
            Ok(right) => {
                if right != target {
                    complaints.push(format!("{target}: {text} is at {right}"));
                }
                format!("[{text}]({right})")
            }
            Err(complaint) => {
                complaints.push(complaint);
                found[0].to_owned()
            }
        }
    });
    (corrected.into_owned(), complaints)
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let is_to_write = std::env::var_os("CSQ_WRITE").is_some();
    let mut all = Vec::new();
    for path in pages() {
        let page = read(&path);
        let folder = path.parent().expect("the folder of a file");
        let (corrected, complaints) = check_links(folder, &page);
        if is_to_write && corrected != page {
            fs::write(&path, corrected).expect("the page can be written");
        } else {
            let complaints = complaints.iter();
            all.extend(complaints.map(|complaint| format!("{}: {complaint}", path.display())));
        }
    }
    assert!(
        all.is_empty(),
        "{}\n`CSQ_WRITE=1 cargo test --package contract --test pages` corrects line numbers",
        all.join("\n")
    );
}

#[test]
fn every_quote_of_a_page_is_in_its_source() {
    let mut number = 0;
    for path in pages() {
        for (source, quote) in quotes(&read(&path)) {
            let is_there = is_quoted(&quote, &read(&root().join(&source)));
            assert!(
                is_there,
                "{}: {source} does not say:\n{quote}",
                path.display()
            );
            number += 1;
        }
    }
    assert!(
        number >= 2,
        "README.md quotes the registration and the smallest driver"
    );
}

#[test]
fn the_first_page_is_short() {
    let lines = read(&root().join("README.md")).lines().count();
    assert!(
        lines <= README_LINES,
        "README.md has {lines} lines, {README_LINES} are allowed"
    );
}

#[test]
fn the_picture_is_what_the_demo_draws() {
    let (readme, demo) = (
        read(&root().join("README.md")),
        read(&root().join("tests/client/demo.txt")),
    );
    let start = demo.find("IRP  pended by         act").expect("the lanes");
    let rest = demo.get(start..).expect("the rest of the text");
    let legend = rest.find("\no pended").expect("the legend") + 1;
    let end = rest.get(legend..).and_then(|last| last.find('\n'));
    let picture = rest
        .get(..legend + end.expect("a line"))
        .expect("the lanes");
    assert!(picture.lines().count() > 15, "{picture}");
    assert!(
        readme.contains(picture),
        "README.md does not have\n{picture}"
    );
}

#[test]
fn a_wrong_link_is_seen() {
    let folder = root();
    for (page, complaint) in [
        ("[a](README.md)", None),
        ("[a](https://example.com/x)", None),
        ("[a](no.md)", Some("no.md: there is no such file")),
        ("[a](tests/README.md#figures)", None),
        (
            "[a](tests/README.md#nothing)",
            Some("tests/README.md#nothing: there is no such heading"),
        ),
        (
            "[`Nobody`](src/lib.rs#L3)",
            Some("src/lib.rs#L3: Nobody is not there"),
        ),
    ] {
        let (_, complaints) = check_links(&folder, page);
        assert_eq!(complaints.first().map(String::as_str), complaint, "{page}");
    }
}

#[test]
fn a_wrong_line_is_corrected() {
    let source =
        "//! # The path\nfn first() {}\nunsafe extern \"C\" fn second<Q>() {}\nstruct Third;\n";
    assert_eq!(line_of(source, "The path"), Some(1));
    assert_eq!(line_of(source, "second"), Some(3));
    assert_eq!(line_of(source, "Third"), Some(4));
    assert_eq!(line_of(source, "fourth"), None);
    let (corrected, complaints) =
        check_links(&root(), "[`root`](tests/contract/tests/pages.rs#L1)");
    assert_eq!(complaints.len(), 1);
    assert!(!corrected.ends_with("#L1)"), "{corrected}");
    assert_eq!(check_links(&root(), &corrected).1, [""; 0]);
}

#[test]
fn a_quote_that_is_not_in_the_source_is_seen() {
    let source = "fn f() {\n    first(\n        1,\n    );\n    second();\n}\n";
    for (quote, is_there) in [
        ("first(\n    1,\n);\n", true),
        ("second();\n", true),
        ("first(\n    2,\n);\n", false),
        ("first(\n1,\n);\n", false),
        ("first(\n    1,\n);\n\nsecond();\n", false),
        ("", false),
    ] {
        assert_eq!(is_quoted(quote, source), is_there, "{quote}");
    }
    let page = "<!-- quote: a.rs -->\n```rust\nfn a() {}\n```\n";
    assert_eq!(
        quotes(page),
        [("a.rs".to_owned(), "fn a() {}\n".to_owned())]
    );
}
