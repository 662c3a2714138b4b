//! The routines of [`wine_supplied::SUPPLIED`] as drivers call them.
//!
//! The linker maps the name in the table to the symbol with the prefix, and fails when there is a
//! row without a routine; wine-host fails when there is a routine without a row.

mod csq;
mod device;
mod dpc;
mod etw;
mod irql;
mod pool;
mod registry;
mod remove_lock;
mod rundown;
mod timer;
