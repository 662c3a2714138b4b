//! Deferred procedure calls. As on Windows, the processor that queues one runs it, as soon as its IRQL falls below
//! `DISPATCH_LEVEL`: here the thread that stands for the processor does so when it releases its last lock.
//!
//! The layouts inside the opaque structures are this file's own.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::memory::{call, read, write};
use super::{sync, timer};

routines! {
    KeInitializeDpc, KeInsertQueueDpc, KeRemoveQueueDpc, KeFlushQueuedDpcs,
}

/// What a `KDPC` says: what to call, and with what.
const ROUTINE: usize = 0x08;
const CONTEXT: usize = 0x10;

/// The DPCs that are queued, with the arguments they were queued with.
static QUEUED: Mutex<BTreeMap<usize, [usize; 2]>> = Mutex::new(BTreeMap::new());
/// How many are queued or run.
static ACTIVE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Those that this thread has queued. One that another thread has removed since is not in `QUEUED`.
    static MINE: RefCell<VecDeque<usize>> = const { RefCell::new(VecDeque::new()) };
    /// Whether there are any.
    static ANY: Cell<bool> = const { Cell::new(false) };
}

fn queued() -> MutexGuard<'static, BTreeMap<usize, [usize; 2]>> {
    QUEUED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this thread has queued DPCs.
#[inline]
pub fn is_any_queued() -> bool {
    ANY.get()
}

/// Runs the DPCs that this thread has queued, at `DISPATCH_LEVEL`, where it is called.
#[cold]
pub fn run() {
    while let Some(dpc) = MINE.with_borrow_mut(VecDeque::pop_front) {
        // It may be queued again from here on.
        let Some([first, second]) = queued().remove(&dpc) else {
            continue;
        };
        let (routine, context) = (read(dpc + ROUTINE), read(dpc + CONTEXT));
        call(routine, [dpc, context, first, second]);
        ACTIVE.fetch_sub(1, Ordering::Release);
    }
    ANY.set(false);
}

/// Calls the routine of a timer's DPC, at `DISPATCH_LEVEL`.
pub fn run_of_timer(dpc: usize) {
    let (routine, context) = (read(dpc + ROUTINE), read(dpc + CONTEXT));
    sync::at_dispatch_level(|| call(routine, [dpc, context, 0, 0]));
}

pub extern "win64" fn KeInitializeDpc(dpc: usize, routine: usize, context: usize) {
    write(dpc + ROUTINE, routine);
    write(dpc + CONTEXT, context);
}

pub extern "win64" fn KeInsertQueueDpc(dpc: usize, first: usize, second: usize) -> u8 {
    {
        let mut queued = queued();
        if queued.contains_key(&dpc) {
            return 0;
        }
        queued.insert(dpc, [first, second]);
        ACTIVE.fetch_add(1, Ordering::Relaxed);
    }
    // Whoever queues one below `DISPATCH_LEVEL` runs it at once.
    sync::at_dispatch_level(|| {
        MINE.with_borrow_mut(|mine| mine.push_back(dpc));
        ANY.set(true);
    });
    1
}

pub extern "win64" fn KeRemoveQueueDpc(dpc: usize) -> u8 {
    let removed = queued().remove(&dpc).is_some();
    if removed {
        ACTIVE.fetch_sub(1, Ordering::Release);
    }
    u8::from(removed)
}

/// Waits for the DPCs that are queued or run, on all threads.
pub extern "win64" fn KeFlushQueuedDpcs() {
    sync::spin(|| ACTIVE.load(Ordering::Acquire) == 0);
    timer::wait_until_idle();
}

#[cfg(test)]
mod tests {
    use super::super::memory::{allocate, atomic, free};
    use super::*;
    use crate::nt::DISPATCH_LEVEL;

    thread_local! {
        static CALLS: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    }

    extern "win64" fn routine(_dpc: usize, context: usize, first: usize, second: usize) {
        assert_eq!(sync::irql(), DISPATCH_LEVEL, "a DPC runs there");
        let (count, _) = CALLS.get();
        CALLS.set((count + 1, context + first + second));
    }

    #[test]
    fn a_dpc_runs_when_the_last_lock_is_released() {
        let (dpc, locks) = (allocate(0x40), [allocate(8), allocate(8)]);
        let [outer, inner] = locks.map(atomic);
        KeInitializeDpc(dpc, routine as *const () as usize, 100);
        let saved = [sync::acquire(outer), sync::acquire(inner)];
        assert_eq!(KeInsertQueueDpc(dpc, 1, 2), 1);
        assert_eq!(KeInsertQueueDpc(dpc, 10, 20), 0, "it is queued");
        sync::release(inner, saved[1]);
        assert_eq!(CALLS.get(), (0, 0), "a lock is held");
        sync::release(outer, saved[0]);
        assert_eq!(CALLS.get(), (1, 103));
        assert_eq!(sync::irql(), 0);

        assert_eq!(KeInsertQueueDpc(dpc, 3, 4), 1);
        assert_eq!(CALLS.get(), (2, 107), "at once without a lock");

        let saved = sync::acquire(outer);
        assert_eq!(KeInsertQueueDpc(dpc, 5, 6), 1);
        assert_eq!(KeRemoveQueueDpc(dpc), 1);
        assert_eq!(KeRemoveQueueDpc(dpc), 0, "it is not queued");
        sync::release(outer, saved);
        assert_eq!(CALLS.get(), (2, 107), "it was removed");
        KeFlushQueuedDpcs();
        for block in [dpc, locks[0], locks[1]] {
            free(block);
        }
    }
}
