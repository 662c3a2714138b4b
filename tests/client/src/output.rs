//! Where results go: text for people or JSON for scripts, on the standard output.

use crate::Error;
use serde_json::{Value, json};
use std::fmt::Display;
use std::io::Write;

/// Prints results in the form that was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// Prints JSON or text.
    #[must_use]
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a result: the text, or one line of JSON.
    pub fn result(&self, text: impl Display, json: &Value) {
        if self.json {
            print(json);
        } else {
            print(text);
        }
    }

    /// Prints something only people want to know.
    pub fn say(&self, text: impl Display) {
        if !self.json {
            print(text);
        }
    }

    /// Prints why a command failed: a sentence on the standard error, and JSON if that was asked
    /// for.
    pub fn error(&self, error: &Error) {
        eprintln!("csqctl: {error}");
        if self.json {
            print(failure(error));
        }
    }
}

/// An error for a script.
fn failure(error: &Error) -> Value {
    json!({ "error": error.to_string(), "exit_code": error.exit_code() })
}

fn print(text: impl Display) {
    let mut out = std::io::stdout().lock();
    // If nobody reads any more there is nobody to tell.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_its_sentence_and_its_code() {
        let json = failure(&Error::Absent);
        assert_eq!(json["exit_code"], Error::Absent.exit_code());
        assert!(json["error"].as_str().unwrap().starts_with("no csq device"));
    }
}
