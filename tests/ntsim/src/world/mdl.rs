//! Memory descriptor lists that exist.

use std::collections::BTreeMap;

/// An `MDL`.
#[derive(Clone, Copy, Debug, Default, Hash)]
pub struct Mdl {
    /// Whether its pages are locked.
    pub locked: bool,
    /// The program's pages, while they are locked, have this copy in kernel space; 0 for none.
    pub copy: usize,
    /// Whether what is in the copy goes back to the program.
    pub written: bool,
    /// Whether the I/O manager has made it for a request.
    pub of_request: bool,
}

/// All of them, by address.
pub type Mdls = BTreeMap<usize, Mdl>;
