//! csq.sys in the simulated kernel: every interleaving of its own scenarios, every failure, every required behavior.
//!
//! [`ntsim`] runs any driver and knows nothing of this one. Here is what speaks the protocol of csq.sys: actors and what
//! they act on ([`scenario`]), programs in user mode for the behaviors of crate `scenarios` ([`program`]), the whole life
//! of the driver while something fails ([`trial`]), the rules about what it says of itself ([`rule`]). Where the
//! queues of csq.sys are walked ([`program::queues`]), the PDB says where its fields are.

#![expect(
    clippy::cast_possible_truncation,
    reason = "lengths of the protocol are 32 bits wide, and this runs only on x64"
)]

pub mod cli;
pub mod program;
pub mod rule;
pub mod scenario;
pub mod trial;
