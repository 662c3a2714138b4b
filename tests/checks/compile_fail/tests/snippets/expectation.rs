//! What a snippet announces, compared with what the compiler says.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Line, counted from 1, and the error's code or the lint's name.
pub type Errors = BTreeSet<(usize, String)>;

/// What precedes an announced error.
const MARK: &str = "//~ ERROR ";

/// The errors that a snippet announces.
pub fn announced(source: &str) -> Errors {
    source
        .lines()
        .zip(1..)
        .filter_map(|(line, number)| Some((line.split_once(MARK)?.1, number)))
        .flat_map(|(codes, number)| {
            let codes = codes.split(',');
            codes.map(move |code| (number, code.trim().to_owned()))
        })
        .collect()
}

/// Whether the two are the same.
///
/// # Errors
///
/// They are not; the text lists the differences.
pub fn compare(announced: &Errors, found: &Errors) -> Result<(), String> {
    let mut text = String::new();
    for (line, code) in announced.difference(found) {
        let _ = writeln!(
            text,
            "  line {line}: announces {code}, which the compiler does not report"
        );
    }
    for (line, code) in found.difference(announced) {
        let _ = writeln!(
            text,
            "  line {line}: the compiler reports {code}, which is not announced"
        );
    }
    if text.is_empty() { Ok(()) } else { Err(text) }
}

#[test]
fn announcements_are_found() {
    let source = "fn f() {\n    g(); //~ ERROR E0382\n} //~ ERROR unused_must_use, E0500";
    let expected = [(2, "E0382"), (3, "unused_must_use"), (3, "E0500")];
    let expected = expected.map(|(line, code)| (line, code.to_owned()));
    assert_eq!(announced(source), Errors::from(expected));
}

#[test]
fn a_missing_another_and_a_misplaced_error_are_differences() {
    let errors = |list: &[(usize, &str)]| -> Errors {
        list.iter()
            .map(|&(line, code)| (line, code.to_owned()))
            .collect()
    };
    let announced = errors(&[(2, "E0382")]);
    assert_eq!(compare(&announced, &announced), Ok(()));
    for found in [
        &[][..],
        &[(2, "E0308")],
        &[(3, "E0382")],
        &[(2, "E0382"), (5, "E0277")],
    ] {
        assert!(compare(&announced, &errors(found)).is_err(), "{found:?}");
    }
}
