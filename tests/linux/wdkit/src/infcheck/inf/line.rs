//! Splits the text of an INF into sections, entries and fields, as they stand there.

use crate::infcheck::{Finding, Rule};

/// A section as it stands in the file.
#[derive(Debug)]
pub struct Section {
    pub name: String,
    pub line: usize,
    pub entries: Vec<Entry>,
}

/// An entry with its quotes taken off.
#[derive(Debug)]
pub struct Entry {
    pub line: usize,
    pub key: Option<String>,
    pub fields: Vec<String>,
}

/// Reads all lines. What is wrong is added to `findings`.
pub fn read(text: &str, findings: &mut Vec<Finding>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        if !line.is_ascii() {
            findings.push(finding(number, Rule::Encoding, "use ASCII characters only"));
        }
        let mut statement = without_comment(line).to_owned();
        while let Some(start) = statement.strip_suffix('\\') {
            let (_, next) = lines.next().unwrap_or_default();
            statement = format!("{start}{}", without_comment(next));
        }
        if statement.is_empty() {
            continue;
        }
        if let Some(rest) = statement.strip_prefix('[') {
            match rest.strip_suffix(']').map(str::trim) {
                Some(name) if !name.is_empty() && !name.contains(['[', ']']) => {
                    sections.push(Section {
                        name: name.to_owned(),
                        line: number,
                        entries: Vec::new(),
                    });
                }
                _ => findings.push(finding(
                    number,
                    Rule::Syntax,
                    "a section's header is [name]",
                )),
            }
            continue;
        }
        let Some(section) = sections.last_mut() else {
            findings.push(finding(
                number,
                Rule::Syntax,
                "this is before the first section",
            ));
            continue;
        };
        match entry(number, &statement) {
            Some(entry) => section.entries.push(entry),
            None => findings.push(finding(
                number,
                Rule::Syntax,
                "a quotation mark without a second one",
            )),
        }
    }
    sections
}

fn finding(line: usize, rule: Rule, message: &str) -> Finding {
    Finding {
        line,
        rule,
        message: message.to_owned(),
    }
}

/// `line` up to a semicolon that is not in quotes.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    let end = line.find(|character| {
        quoted ^= character == '"';
        character == ';' && !quoted
    });
    line.get(..end.unwrap_or(line.len()))
        .unwrap_or_default()
        .trim()
}

/// The parts of an entry; `None` if a quotation mark is left open.
fn entry(line: usize, statement: &str) -> Option<Entry> {
    let mut key = None;
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut characters = statement.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            // Within quotes, two of them are one.
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            '=' if !quoted && key.is_none() && fields.is_empty() => {
                key = Some(std::mem::take(&mut field).trim().to_owned());
            }
            ',' if !quoted => fields.push(std::mem::take(&mut field).trim().to_owned()),
            _ => field.push(character),
        }
    }
    if quoted {
        return None;
    }
    fields.push(field.trim().to_owned());
    Some(Entry { line, key, fields })
}
