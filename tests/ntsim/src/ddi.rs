//! The routines the driver imports, one file per prefix.
//!
//! Each is an `extern "win64"` function under the name that Windows exports. What they do with the
//! driver's memory goes through [`crate::guest`], so there is no unsafe code here. A routine owns
//! nothing across a call that may not come back (see [`crate::cpu::leave`]).

pub mod crt;
pub mod csq;
pub mod data;
pub mod etw;
pub mod ex;
mod format;
pub mod io;
pub mod irp;
pub mod ke;
pub mod memory;
pub mod mm;
pub mod ob;
pub mod pnp;
pub mod power;
pub mod ps;
pub mod registration;
pub mod remove_lock;
pub mod rtl;
pub mod trivial;
pub mod zw;

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

/// Makes `find` and `names` of the files of routines.
macro_rules! files {
    ($($first:ident $(:: $rest:ident)*),* $(,)?) => {
        /// The address of a routine, if the simulated kernel has it.
        pub fn find(name: &str) -> Option<usize> {
            None$(.or_else(|| $first $(:: $rest)* ::find(name)))*
        }

        /// The names of all routines.
        pub fn names() -> impl Iterator<Item = &'static str> {
            [$($first $(:: $rest)* ::NAMES),*].into_iter().flatten().copied()
        }
    };
}

files! {
    crt, csq, etw, ex, ex::list, ex::lock, ex::lookaside, ex::more, ex::resource, io, io::request, io::start, io::work_item, irp, irp::own, ke, ke::dispatcher, ke::dpc, ke::mutex, ke::queue, ke::region, ke::spin_lock, ke::time, ke::timer, memory, mm,
    mm::mdl, mm::probe, ob, pnp, power, ps, ps::process, remove_lock, rtl, rtl::registry, rtl::string, rtl::version, registration, trivial, zw, zw::file,
    zw::key,
}

/// How well a routine is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It does what it is documented to do, and misuse is a finding.
    Modelled,
    /// It says that all is well, and does nothing.
    Trivial,
    /// It is no routine but a variable.
    Data,
}

/// Of other files, those that do nothing but check their IRQL.
const TRIVIAL: &str = "\
    DbgPrint DbgPrintEx DbgPrintReturnControlC ExNotifyCallback IoGetIoPriorityHint IoGetPagingIoPriority \
    IoGetRequestorProcess IoInvalidateDeviceState IoIs32bitProcess IoSetIoPriorityHint IoSetStartIoAttributes \
    IoValidateDeviceIoControlAccess IoVerifyVolume KeSetImportanceDpc KeSetPriorityThread KeSetTargetProcessorDpc \
    KeSetTargetProcessorDpcEx KeStackAttachProcess KeUnstackDetachProcess MmLockPagableDataSection MmPageEntireDriver \
    MmProtectMdlSystemAddress MmQuerySystemSize MmResetDriverPaging MmUnlockPagableImageSection PoSetPowerState \
    PoStartNextPowerIrp RtlNtStatusToDosError RtlNtStatusToDosErrorNoTeb ZwDeviceIoControlFile ZwSetInformationFile rand \
    srand vDbgPrintEx vDbgPrintExWithPrefix";

/// How well a name is known, if it is.
pub fn kind(name: &str) -> Option<Kind> {
    if data::names().any(|own| own == name) {
        return Some(Kind::Data);
    }
    find(name)?;
    let mut of_others = TRIVIAL.split_whitespace();
    let is_trivial = trivial::NAMES.contains(&name) || of_others.any(|own| own == name);
    Some(if is_trivial {
        Kind::Trivial
    } else {
        Kind::Modelled
    })
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
