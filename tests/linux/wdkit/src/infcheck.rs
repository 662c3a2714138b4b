//! Checks an INF on any host, by the rules of the WDK's `InfVerif` that concern a driver such as this
//! one: a kernel-mode service, installed from its own package, that stays within its package and
//! its own registry keys (what `InfVerif` checks with `/w`).
//!
//! `InfVerif` knows many more rules, for INFs with directives that are refused here. What passes here
//! may still be refused by `InfVerif`. What is refused here is refused there, or fails on the machine, or
//! is a slip of the pen, such as a string that nothing uses.
//!
//! The rules are from Microsoft's documentation: [INF file sections and directives][inf] and
//! [driver package isolation][isolation].
//!
//! [inf]: https://learn.microsoft.com/windows-hardware/drivers/install/inf-file-sections-and-directives
//! [isolation]: https://learn.microsoft.com/windows-hardware/drivers/develop/driver-isolation

mod decoration;
mod finding;
mod inf;
mod rules;
mod sddl;

pub use finding::{Finding, Rule};
pub use inf::{Entry, Field, Inf, Section};
pub use rules::check;
pub use sddl::parse as parse_sddl;
