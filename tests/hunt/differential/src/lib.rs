//! The shipped csq.sys in the simulated kernel, and the model of it, side by side.
//!
//! | module | what it is |
//! |---|---|
//! | [`case`](mod@case) | what is run: settings and operations, drawn by chance or by a fuzzer |
//! | [`story`] | operations that belong together, so that chance gets to what takes several in a row |
//! | [`duel`] | one after the other: every answer is compared with the model's, and every list is walked |
//! | [`race`] | two threads at once, in a given order: judged by the rules of ntsim and by what must be true at rest |
//! | [`input`] | the three of these that a fuzzer draws, from its bytes |
//! | [`corpus`] | the inputs that a fuzzer has kept |
//! | [`machine`] | csq.sys, loaded once for each OS thread |
//! | [`coverage`] | which instructions of csq.sys all that has executed |

#![forbid(unsafe_code)]

pub mod case;
pub mod corpus;
pub mod coverage;
pub mod duel;
pub mod input;
pub mod machine;
pub mod race;
pub mod story;

pub use case::{Case, Kernel, Race, Single};
