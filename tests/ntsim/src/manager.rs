//! The I/O manager and the Plug and Play manager: what calls the driver.

pub mod bus;
pub mod cancel;
pub mod complete;
pub mod dispatch;
pub mod file;
pub mod loader;
pub mod plug_and_play;
pub mod power;
pub mod request;

use crate::cpu::{self, Left};
use crate::finding;
use crate::rule::irql::Entry;
use crate::schedule;
use crate::world;

/// Calls a routine of the driver and checks that it leaves IRQL, locks and critical regions alone.
///
/// Does not return if the driver breaks a rule.
pub fn enter_driver<const N: usize>(
    name: &'static str,
    routine: usize,
    arguments: [usize; N],
) -> usize {
    let entry = world::with(Entry::of);
    match cpu::call_driver(routine, arguments) {
        Ok(value) => {
            finding::check(world::with(|world| entry.check(world, name)));
            value
        }
        Err(Left::Finding | Left::ThreadEnded) => schedule::stop(),
    }
}
