//! ntsim: a simulated NT kernel.
//!
//! It loads an x64 `.sys`, unchanged, into a Linux process, calls it as Windows would, and runs small
//! concurrent scenarios against it in every order that can make a difference. What goes wrong is
//! reported under the name that Windows gives the bug, with a trace and a command that does exactly
//! the same again.
//!
//! # The parts
//!
//! | module | what it is |
//! |---|---|
//! | [`image`] | the loader: PE, relocation, imports, page protection, names by MAP and PDB |
//! | [`machine`], [`guest`], `arena`, `mapping` | the driver's memory: every access of the kernel is checked, freed memory faults |
//! | `cpu`, `trap`, `caller` | calling the driver and leaving it; faults; what only ring 0 may do; where a thread is |
//! | [`world`] | the state of one run |
//! | [`checkpoint`] | the same state again, for other runs to begin with, or to end at |
//! | `time` | processor time, in which limits are measured |
//! | [`nt`] | layouts of the kernel's structures |
//! | `ddi` | the routines the driver imports, one file per prefix |
//! | [`manager`] | the I/O manager and the Plug and Play manager: what calls the driver |
//! | [`schedule`] | who runs next, one strategy per file |
//! | [`rule`], [`finding`] | what must never happen, one file per subject |
//! | [`race`] | data races, and which instructions have to be points because of them |
//! | [`repeated`], [`stage`], [`event`], [`suspend`] | what scenarios are made of |
//! | [`script`], [`tour`] | scenarios in files, and what `ntsim run` does |
//! | [`fault`] | failures on purpose |
//! | [`native`] | real threads and no rules: a driver at full speed, for measuring |
//! | [`coverage`] | which instructions of the driver have been executed |
//! | [`explore`], [`report`], [`cli`] | running it, and saying what came of it |
//!
//! # Scenarios of your own
//!
//! A driver whose requests need more than a file can say has its scenarios in a crate of its own: it implements
//! [`repeated::Scenario`], opens handles by [`stage`], sends requests by [`manager::request`], adds its rules by
//! [`rules!`] and [`rule::add`], and explores by [`explore::explore`] or, with the options of `ntsim explore`, by
//! [`cli::session::Session`].
//!
//! # How a run works
//!
//! One OS thread runs all simulated threads of a run as coroutines (crate `shuttle`). Before each
//! step that another thread could notice, the simulated kernel stops at a *point*
//! (`schedule::point`), and a strategy picks who goes on. Each simulated thread has a processor, and
//! so an IRQL, of its own. The driver's interlocked instructions are points as well: the driver is
//! executed in a copy of its code that calls the simulator before instructions that touch memory
//! (`image::translation`).
//!
//! Each run is as if it started from a fresh image and an empty world. What all runs of a scenario
//! have in common is done once: a run begins from a checkpoint of the state before there is anything
//! to decide, and when the actors have ended, what follows is left out if an earlier run was in the same
//! state there and broke no rule (`checkpoint`; states are told apart by 128 bits of a hash over the
//! world, the objects and the image). `ntsim explore --fresh` does all of it in every run.
//!
//! # What "exhausted" means
//!
//! For this driver, this scenario and this order of `IoCsqInsertIrp`: in *every* interleaving of the threads that the
//! model below has, no rule is broken. It holds for any x64 driver, in whatever language, under these conditions,
//! each of which is checked, and where one fails, the word is not said:
//!
//! 1. The search has nothing left to try. It leaves out only schedules that differ from one it has run by the
//!    order of steps that do not influence each other, which is decided by the memory that they touch
//!    (`world::step`): bytes that are read, written, added to or counted in. A routine of the kernel says which
//!    bytes it touches; an instruction is asked.
//! 2. In none of the schedules that it has run does an access *between* two steps race with anything: with
//!    another access, with a step, with the end of the memory. An instruction that does becomes a step itself, and
//!    the search begins anew, until there is nothing new (`race`). The race detector takes for order only what
//!    the search takes for dependence.
//! 3. The kernel's own routines touch between steps nothing that others touch, either. Where one does, the line
//!    says so instead of "exhausted".
//! 4. All code of the driver was read, no run has more than 32 threads, and no thread waits for another in a
//!    loop of its own: after 1,000 turns of which others could have had one, others come first.
//!
//! "Exhausted as in another order": the search has been exhausted with another order of `IoCsqInsertIrp`, and none of its
//! schedules came, while several threads ran, to where the orders differ. So there are the same schedules, which are not
//! searched again: for each state in which the actors have left everything, one is played with this order, from which
//! every decision, every state and the end have to be possible as before. Where one is not, the search is made.
//!
//! `ntsim crosscheck` tests that from outside: it compares the states that the search has reached with those that
//! schedules by chance reach, also with a point before *every* access to memory.
//!
//! # What is not modelled
//!
//! * Memory order: steps are sequentially consistent, so stores are not seen late. For a driver without data
//!   races (`--races`) that is no loss, except where it orders plain accesses by interlocked operations alone.
//! * An ordinary instruction that reads one place and writes another (`movs`) is one step once it is a point, and so
//!   is a routine that copies; one that reads and writes the same place is two.
//! * What lies on the stack of a thread belongs to it: of what others touch there by the driver's code, nothing is
//!   seen (kernel objects there are steps like others).
//! * Time: a wait with a timeout may time out at any moment, and a timer may expire at any moment after it
//!   is set, in any order with others; a periodic one expires twice. There are no APCs, and no threaded
//!   or importance-ordered DPCs: a driver that calls a routine for them ends with the finding
//!   `unresolved-import`.
//! * Preemption by IRQL: each thread runs on a processor of its own, as if there were enough of them. With
//!   `--preemption` a DPC takes the processor of the thread that has queued it, or set its timer, wherever
//!   that is below `DISPATCH_LEVEL`.
//! * Suspension, but for [`suspend`]: it freezes the thread of the first actor wherever the APC for it
//!   would be delivered, below `APC_LEVEL` and outside of critical and guarded regions. What the I/O manager does by
//!   itself (cancels, closes, removes) it does where it is not suspended.
//! * Interrupts, DMA, hardware; keys of the registry and files that the driver has not made itself; what it has registered
//!   to be called for (processes, images, Plug and Play notifications); the object namespace beyond symbolic links.
//! * Exceptions in the kernel's own frames: an exception that a routine raises which the kernel has called from the
//!   driver's (a completion routine, say) is not caught by the frames of the driver above it. What a program has freed, and
//!   what is no address of its own, raises one; freed pool and the like is a finding even where `__try` is around it.
//! * The pages of a program, while an MDL locks them, are a copy: what the driver writes there comes to the program when they
//!   are unlocked. User addresses are good in every thread, whatever process it belongs to.
//! * Filters and other drivers in the stack: below the driver is one simulated bus driver, which
//!   completes everything at once; above it is nothing.
//! * Paging: all memory is resident, so code at `DISPATCH_LEVEL` that touches paged memory is not
//!   noticed.
//! * Security: who may open the device is not checked. The access rights in an IOCTL code are compared
//!   with those of the handle only where a scenario does so.
//! * Drivers for other processors than x64.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "NT has fields of all widths and signs for the same values, and this runs only on x64"
)]
#![expect(
    clippy::must_use_candidate,
    reason = "what looks like a question is often called for what the driver does then"
)]

mod arena;
mod caller;
#[cfg(test)]
mod conformance;
mod cpu;
mod ddi;
mod exception;
mod mapping;
mod time;
mod trap;

pub mod checkpoint;
pub mod cli;
pub mod coverage;
pub mod event;
pub mod explore;
pub mod fault;
pub mod finding;
pub mod guest;
pub mod image;
pub mod machine;
pub mod manager;
pub mod native;
pub mod nt;
pub mod race;
pub mod repeated;
pub mod report;
pub mod rule;
pub mod schedule;
pub mod script;
mod settings;
pub mod stage;
pub mod suspend;
pub mod tour;
pub mod world;

pub use finding::Finding;
pub use settings::{Clock, CsqOrder, Points, Registry, Settings, Value};
