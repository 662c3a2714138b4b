//! Makes driver packages for Windows on any host, as the WDK's tools do on Windows: [`inx`] is `stampinf`, [`infcheck`] the
//! part of `InfVerif` that it says, [`catalog`] `Inf2Cat`, [`signature`] `signtool` (by osslsigncode), and [`package`] does it all.
//!
//! It knows no driver in particular.

pub mod catalog;
pub mod certificate;
pub mod disk;
pub mod infcheck;
pub mod inx;
pub mod package;
pub mod signature;
mod tool;
pub mod verify;
