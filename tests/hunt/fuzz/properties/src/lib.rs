//! What must hold for any input: of csq.sys, and of each reader of input of unknown origin.
//!
//! The fuzzers beside this crate (`cargo make fuzz`) call these functions with what libFuzzer thinks
//! of; the test of this crate calls them with the inputs kept in `tests/hunt/fuzz/corpus`, among them
//! those that once failed.
//!
//! # Panics
//!
//! All of them, if what must hold does not.

#![expect(
    clippy::missing_panics_doc,
    reason = "that is how a fuzzer is told of a failure"
)]

mod answer;
mod driver;
mod inf;
mod inx;
mod pe;

pub use answer::answer;
pub use driver::{ioctl, race, sequence};
pub use inf::inf;
pub use inx::inx;
pub use pe::{image, loader};

/// A property, by the name that its fuzzer and its corpus have.
pub type Property = (&'static str, fn(&[u8]));

/// Those of csq.sys.
pub const DRIVER: [Property; 3] = [("ioctl", ioctl), ("sequence", sequence), ("race", race)];

/// Those of readers.
pub const READERS: [Property; 5] = [
    ("loader", loader),
    ("image", image),
    ("inx", inx),
    ("inf", inf),
    ("answer", answer),
];

/// A refusal is one sentence: a line, and not an empty one.
fn assert_sentence(error: &str) {
    assert!(!error.is_empty() && error.lines().count() == 1, "{error:?}");
}
