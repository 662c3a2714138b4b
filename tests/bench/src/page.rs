//! Puts what was measured into a page: the tables between marks, so that none is copied by hand.
//!
//! A mark is a line `<!-- NAME -->`; what is between it and the line `<!-- / -->` is replaced.

use anyhow::{Result, ensure};

const END: &str = "<!-- / -->";

/// The page with each named text at its mark.
///
/// # Errors
/// The page lacks a mark, or an end.
pub fn fill(page: &str, texts: &[(&str, String)]) -> Result<String> {
    let mut page = page.to_owned();
    for (name, text) in texts {
        let mark = format!("<!-- {name} -->\n");
        let start = page.find(&mark).map(|at| at + mark.len());
        let end = start.and_then(|start| Some(start + page.get(start..)?.find(END)?));
        let (Some(start), Some(end)) = (start, end) else {
            anyhow::bail!("the page has no `<!-- {name} -->` that ends with `{END}`");
        };
        // What was not measured this time stays.
        if !text.trim().is_empty() {
            page.replace_range(start..end, &format!("\n{}\n\n", text.trim()));
        }
    }
    ensure!(!page.is_empty(), "the page is empty");
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_the_marks_is_replaced() {
        let page = "a\n<!-- x -->\nold\n<!-- / -->\nb\n<!-- y -->\n<!-- / -->\n";
        let texts = [("x", "new\n".to_owned()), ("y", "too".to_owned())];
        assert_eq!(
            fill(page, &texts).expect("a page"),
            "a\n<!-- x -->\n\nnew\n\n<!-- / -->\nb\n<!-- y -->\n\ntoo\n\n<!-- / -->\n"
        );
        let texts = [("x", String::new()), ("y", "too".to_owned())];
        assert_eq!(
            fill(page, &texts).expect("a page"),
            "a\n<!-- x -->\nold\n<!-- / -->\nb\n<!-- y -->\n\ntoo\n\n<!-- / -->\n"
        );
        assert!(fill(page, &[("z", String::new())]).is_err());
    }
}
