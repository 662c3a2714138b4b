//! A stand-in for the kernel, under the names that `wdk_sys` has, for wdm's own sources on the host.
//!
//! It has what an IRP's way through a queue needs: spin locks, remove locks, critical regions, `IoCsq*`, completion,
//! cancellation, timers and deferred procedure calls. What they do is what Microsoft documents; what they check is
//! what the documentation asks of a driver, and a driver that does it wrong panics. What is not modelled panics, too.
//! It is a double of the kernel for Miri, which sees each access to memory. Orders of events are `tests/ntsim`'s matter.
//!
//! | module | what it is |
//! |---|---|
//! | `types`, `constants` | what `wdk_sys` generates from the headers, as far as wdm names it |
//! | [`ntddk`] | the routines that a driver imports |
//! | [`machine`] | what a test does with it: devices, handles, requests, time |

#![expect(
    unsafe_code,
    reason = "the kernel's routines take raw pointers, as the real ones"
)]
#![expect(
    clippy::missing_safety_doc,
    reason = "what a caller owes is in Microsoft's documentation, page by page"
)]
#![expect(
    clippy::multiple_unsafe_ops_per_block,
    clippy::undocumented_unsafe_blocks,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::cast_possible_truncation,
    reason = "a test double: its caller is the code that is tested, and Miri the judge; it panics where the kernel would crash"
)]

mod constants;
mod csq;
pub mod machine;
pub mod ntddk;
mod types;

pub use constants::*;
pub use types::*;
