//! How durations, payloads and counts are written.

use std::time::Duration;

/// A duration in milliseconds, with one decimal below a second and none above ten.
#[must_use]
pub fn milliseconds(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1000.0;
    if milliseconds < 10_000.0 {
        format!("{milliseconds:.1} ms")
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

/// A payload: as text if it is some, with `\n` for a new line; otherwise in hexadecimal.
#[must_use]
pub fn payload(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(is_unreadable) => format!("{text:?}"),
        _ => {
            let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            digits.concat()
        }
    }
}

/// Whether a character has no readable form, not even one such as `\n`.
fn is_unreadable(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')
}

/// A count with its noun.
#[must_use]
pub fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    if count == 1 {
        format!("1 {noun}")
    } else if noun.ends_with('s') {
        format!("{count} {noun}es")
    } else {
        format!("{count} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_readable() {
        assert_eq!(milliseconds(Duration::from_micros(1540)), "1.5 ms");
        assert_eq!(milliseconds(Duration::from_millis(12_340)), "12.3 s");
    }

    #[test]
    fn payloads_are_text_or_hexadecimal() {
        assert_eq!(payload(b"hello"), "\"hello\"");
        assert_eq!(payload(&[1, 0xff]), "01ff");
        assert_eq!(payload(b""), "\"\"");
        assert_eq!(payload(b"two\r\nlines\n"), r#""two\r\nlines\n""#);
        assert_eq!(payload(b"a\0"), "6100");
    }

    #[test]
    fn nouns_agree() {
        assert_eq!(counted(1, "request"), "1 request");
        assert_eq!(counted(0, "request"), "0 requests");
    }
}
