//! A fuzzer's corpus in one file: an input a line, in hexadecimal; `-` stands for the empty one.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};

/// What stands for an input of no bytes, since an empty line is easily lost.
const EMPTY: &str = "-";

/// The inputs in a file.
///
/// # Errors
/// It cannot be read, or a line of it is no input.
pub fn read(file: &Path) -> Result<Vec<Vec<u8>>> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let input = |(index, line): (usize, &str)| match line {
        EMPTY => Ok(Vec::new()),
        line => hex::decode(line).with_context(|| {
            let (file, line) = (file.display(), index + 1);
            format!("{file}:{line}: pairs of hexadecimal digits are needed")
        }),
    };
    text.lines().enumerate().map(input).collect()
}

/// Writes inputs into a file, the shortest first, each once.
///
/// # Errors
/// It cannot be written.
pub fn write(file: &Path, inputs: impl IntoIterator<Item = Vec<u8>>) -> Result<()> {
    let inputs: BTreeSet<(usize, Vec<u8>)> = inputs.into_iter().map(|it| (it.len(), it)).collect();
    let mut text = String::new();
    for (_, input) in inputs {
        text += &if input.is_empty() {
            EMPTY.to_owned()
        } else {
            hex::encode(input)
        };
        text.push('\n');
    }
    std::fs::write(file, text).with_context(|| file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let file = std::env::temp_dir().join(format!("corpus-{}.hex", std::process::id()));
        let inputs = [vec![2, 255], vec![], vec![1], vec![1]];
        write(&file, inputs).expect("it is written");
        let read = super::read(&file);
        std::fs::write(&file, "01\n0g\n").expect("it is written");
        let bad = super::read(&file);
        std::fs::remove_file(&file).expect("it is there");
        assert_eq!(read.expect("it is read"), [vec![], vec![1], vec![2, 255]]);
        let error = bad.expect_err("no digits").to_string();
        assert!(
            error.ends_with(":2: pairs of hexadecimal digits are needed"),
            "{error}"
        );
    }
}
