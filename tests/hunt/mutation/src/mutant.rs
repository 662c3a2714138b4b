//! A mutant, as cargo-mutants lists it, and how it is put into a source file.

use std::collections::HashMap;

use serde::Deserialize;

/// A place in a file: lines and columns, counted from 1.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// From one place to before another.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Span {
    /// The first character.
    pub start: Position,
    /// The one after the last.
    pub end: Position,
}

/// The function that a mutant is in.
#[derive(Clone, Debug, Deserialize)]
pub struct Function {
    /// Where it is.
    pub span: Span,
}

/// One change of one file.
#[derive(Clone, Debug, Deserialize)]
pub struct Mutant {
    /// What cargo-mutants calls it: `FILE:LINE:COLUMN: CHANGE`.
    pub name: String,
    /// The file, relative to the root.
    pub file: String,
    /// Constants are in no function.
    pub function: Option<Function>,
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub replacement: String,
    /// The name without line and column, so that it stays when lines move: `FILE: CHANGE`, and
    /// ` (2)` for the second of that name.
    #[serde(skip)]
    pub key: String,
}

/// Gives every mutant its key.
pub fn name_all(mutants: &mut [Mutant]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for mutant in mutants {
        let change = mutant.name.splitn(4, ':').nth(3).unwrap_or_default().trim();
        let plain = format!("{}: {change}", mutant.file);
        let count = seen.entry(plain.clone()).or_default();
        *count += 1;
        mutant.key = match *count {
            1 => plain,
            n => format!("{plain} ({n})"),
        };
    }
}

impl Mutant {
    /// The file's text with the change.
    pub fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + self.replacement.len());
        let mut here = Position { line: 1, column: 1 };
        for character in text.chars() {
            if here == self.span.start {
                out.push_str(&self.replacement);
            }
            if here < self.span.start || here >= self.span.end {
                out.push(character);
            }
            if character == '\n' {
                here = Position {
                    line: here.line + 1,
                    column: 1,
                };
            } else {
                here.column += 1;
            }
        }
        out
    }

    /// The lines of its function, or of the change itself.
    pub fn lines(&self) -> (usize, usize) {
        let span = self
            .function
            .as_ref()
            .map_or(self.span, |function| function.span);
        (span.start.line, span.end.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(name: &str, replacement: &str) -> Mutant {
        Mutant {
            name: name.to_owned(),
            file: "a.rs".to_owned(),
            function: None,
            span: Span {
                start: Position { line: 2, column: 3 },
                end: Position { line: 2, column: 5 },
            },
            replacement: replacement.to_owned(),
            key: String::new(),
        }
    }

    #[test]
    fn a_span_is_replaced() {
        let text = "one\na >= b\nend\n";
        assert_eq!(mutant("", "<").apply(text), "one\na < b\nend\n");
        assert_eq!(mutant("", "").apply(text), "one\na  b\nend\n");
    }

    #[test]
    fn keys_have_no_lines_and_differ() {
        let name = "a.rs:2:3: replace >= with < in S::f";
        let mut all = [mutant(name, "<"), mutant(name, "<")];
        name_all(&mut all);
        assert_eq!(all[0].key, "a.rs: replace >= with < in S::f");
        assert_eq!(all[1].key, "a.rs: replace >= with < in S::f (2)");
    }
}
