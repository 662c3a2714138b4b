//! A `ntoskrnl.exe` for Wine that supplies what Wine's own lacks.
//!
//! wine-host puts it before Wine's own in a prefix. Everything Wine has, it forwards to Wine's file,
//! which is beside it as `ntosbase.dll`; the routines of [`wine_supplied::SUPPLIED`] it has itself.
//! So a driver that was built for Windows runs in `winedevice.exe` as it is, and nothing of the
//! installed Wine is changed. For tests only, never shipped.
//!
//! | module | has |
//! |---|---|
//! | [`csq`] | cancel-safe queues |
//! | [`rundown`], [`remove_lock`], [`dpc`], [`timer`], [`irql`], [`registry`] | the other routines |
//! | `filter`, [`handles`] | `IRP_MJ_CLEANUP`, and closed handles before a removal |
//! | [`quarantine`] | the cure for cancels that Wine sends to the wrong IRP |
//! | `exports`, `base`, `startup` | the way in, the way to Wine, the beginning |
//!
//! The algorithms are compiled for Linux as well and tested there; `filter`, `exports`, `base` and
//! `startup` exist on Windows only.

pub mod abi;
#[cfg(windows)]
mod base;
pub mod csq;
pub mod dpc;
#[cfg(windows)]
mod exports;
#[cfg(windows)]
mod filter;
pub mod handles;
pub mod irp;
pub mod irql;
pub mod quarantine;
pub mod registry;
pub mod remove_lock;
pub mod rundown;
#[cfg(windows)]
mod startup;
pub mod timer;
pub mod waiters;
