//! The routines the driver imports, one file per prefix.
//!
//! Each is an `extern "win64"` function under the name that Windows exports. What they do with the
//! driver's memory goes through [`crate::guest`], so there is no unsafe code here. A routine owns
//! nothing across a call that may not come back (see [`crate::cpu::leave`]).

pub mod csq;
pub mod etw;
pub mod ex;
pub mod io;
pub mod irp;
pub mod ke;
pub mod memory;
pub mod mm;
pub mod ob;
pub mod pnp;
pub mod ps;
pub mod remove_lock;
pub mod rtl;

use crate::cpu;
use crate::finding;
use crate::guest;
use crate::rule;
use crate::world;

/// Makes `find` and `NAMES` of a file's routines.
macro_rules! exports {
    ($($name:ident),* $(,)?) => {
        /// The routines of this file.
        pub const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// The address of a routine of this file.
        pub fn find(name: &str) -> Option<usize> {
            match name {
                $(stringify!($name) => Some($name as *const () as usize),)*
                _ => None,
            }
        }
    };
}
use exports;

/// The address of a routine, if the simulated kernel has it.
pub fn find(name: &str) -> Option<usize> {
    csq::find(name)
        .or_else(|| etw::find(name))
        .or_else(|| ex::find(name))
        .or_else(|| io::find(name))
        .or_else(|| io::work_item::find(name))
        .or_else(|| irp::find(name))
        .or_else(|| ke::find_all(name))
        .or_else(|| memory::find(name))
        .or_else(|| mm::find(name))
        .or_else(|| ob::find(name))
        .or_else(|| pnp::find(name))
        .or_else(|| ps::find(name))
        .or_else(|| remove_lock::find(name))
        .or_else(|| rtl::find(name))
        .or_else(|| rtl::registry::find(name))
}

/// The names of all routines.
pub fn names() -> impl Iterator<Item = &'static str> {
    [
        csq::NAMES,
        etw::NAMES,
        ex::NAMES,
        io::NAMES,
        io::work_item::NAMES,
        irp::NAMES,
        ke::NAMES,
        ke::dispatcher::NAMES,
        ke::dpc::NAMES,
        ke::region::NAMES,
        ke::spin_lock::NAMES,
        ke::timer::NAMES,
        memory::NAMES,
        mm::NAMES,
        ob::NAMES,
        pnp::NAMES,
        ps::NAMES,
        remove_lock::NAMES,
        rtl::NAMES,
        rtl::registry::NAMES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// What each routine does first: it checks the IRQL at which it may be called at most.
fn enter(routine: &'static str, highest_irql: u8) {
    finding::check(world::with(|world| {
        rule::irql::check_at_most(world, routine, highest_irql)
    }));
}

/// Calls a function of the driver from a kernel routine that the driver called.
fn callback(function: usize, arguments: &[usize]) -> usize {
    cpu::call_back(function, arguments)
}

/// Lets `work` use a byte in guest memory and returns what the driver left there.
fn with_byte(work: impl FnOnce(usize)) -> u8 {
    let address = world::with(|world| {
        let thread = world.thread();
        thread.scratch += 1;
        thread.processor.scratch() + thread.scratch
    });
    work(address);
    let value = guest::read(address);
    world::with(|world| world.thread().scratch -= 1);
    value
}
