//! The rules. Each returns what it found in a few words, or a sentence on what is wrong and what to
//! do.

mod calls;
mod contents;
mod guard;
mod headers;
mod imports;
mod memory;
mod sections;
mod version;

use crate::Image;

/// A rule about an image.
pub struct Check {
    /// Its name, in one word.
    pub name: &'static str,
    rule: fn(&Image<'_>) -> Outcome,
}

/// What was found, or what is wrong.
pub type Outcome = Result<String, String>;

impl Check {
    /// Judges `image`.
    ///
    /// # Errors
    ///
    /// `image` breaks the rule; the text says how, and what to do.
    pub fn run(&self, image: &Image<'_>) -> Outcome {
        (self.rule)(image)
    }
}

/// Every rule, in the order in which they are reported.
pub const ALL: &[Check] = &[
    Check {
        name: "format",
        rule: headers::format,
    },
    Check {
        name: "entry",
        rule: headers::entry,
    },
    Check {
        name: "loading",
        rule: headers::loading,
    },
    Check {
        name: "checksum",
        rule: headers::checksum,
    },
    Check {
        name: "size",
        rule: contents::size,
    },
    Check {
        name: "modules",
        rule: imports::modules,
    },
    Check {
        name: "imports",
        rule: imports::exact,
    },
    Check {
        name: "number",
        rule: imports::number,
    },
    Check {
        name: "writable",
        rule: sections::writable_or_executable,
    },
    Check {
        name: "pages",
        rule: memory::pages,
    },
    Check {
        name: "pool-flags",
        rule: memory::pool_flags,
    },
    Check {
        name: "guard",
        rule: guard::guard,
    },
    Check {
        name: "resident",
        rule: sections::resident,
    },
    Check {
        name: "relocation",
        rule: sections::relocation,
    },
    Check {
        name: "version",
        rule: version::version,
    },
    Check {
        name: "map",
        rule: contents::map,
    },
    Check {
        name: "panic",
        rule: calls::panic,
    },
    Check {
        name: "pool",
        rule: calls::pool,
    },
    Check {
        name: "recursion",
        rule: calls::recursion,
    },
    Check {
        name: "stack",
        rule: calls::stack,
    },
];
