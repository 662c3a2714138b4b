//! The required behaviors: one function each, and the table that names them all.

use crate::outcome::Checked;
use crate::target::Target;

mod access;
mod answer;
mod bad_input;
mod cancel;
mod claim;
mod claimed;
mod cleanup;
mod complete;
mod contest;
mod hostile;
mod identity;
mod limits;
mod parameters;
mod pend;
mod port;
mod process;
mod race;
mod removal;
mod returned;
mod statistics;
mod table;
mod timeout;
mod version;
mod waiting;
mod winner;

pub use table::table;

/// One required behavior.
pub struct Behavior<T: Target> {
    /// `area.what`; the area is the file it stands in.
    pub name: &'static str,
    /// What it shows, in one line.
    pub shows: &'static str,
    /// The rules of the CSQ contract it shows, by their ids.
    pub rules: &'static [&'static str],
    /// Shows it.
    pub body: fn(&T) -> Checked,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dummy::Dummy;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique() {
        let table = table::<Dummy>();
        let names: BTreeSet<&str> = table.iter().map(|behavior| behavior.name).collect();
        assert_eq!(names.len(), table.len());
    }

    #[test]
    fn each_says_what_it_shows_of_which_rules() {
        for behavior in table::<Dummy>() {
            assert!(behavior.shows.len() > 20, "{}", behavior.name);
            assert!(!behavior.rules.is_empty(), "{}", behavior.name);
            for rule in behavior.rules {
                let number = rule.strip_prefix("INV-").or(rule.strip_prefix("TR-"));
                assert!(number.is_some_and(|n| n.parse::<u32>().is_ok()), "{rule}");
            }
        }
    }
}
