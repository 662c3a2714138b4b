//! Deferred procedure calls, on one thread and one after the other, as on a machine with one
//! processor.
//!
//! UNSAFETY: reads and calls what a driver has put into its `KDPC`.
#![expect(
    unsafe_code,
    reason = "reads a driver's KDPC and calls the routine in it"
)]

use core::ffi::c_void;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, Once, PoisonError};
use std::thread;

use crate::abi::{DISPATCH_LEVEL, Kdpc};
use crate::irql;

/// A queued call.
///
/// # Invariants
/// The KDPC exists while it is queued; that is what its driver promises.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Queued(*mut Kdpc);

// SAFETY: a KDPC belongs to no thread.
unsafe impl Send for Queued {}

struct State {
    queue: VecDeque<Queued>,
    running: bool,
}

static STATE: Mutex<State> = Mutex::new(State {
    queue: VecDeque::new(),
    running: false,
});
static CHANGED: Condvar = Condvar::new();
static THREAD: Once = Once::new();

/// `KeInsertQueueDpc`: false when it is queued already.
///
/// # Safety
/// `dpc` is initialized and lives until it has run, or was removed.
pub unsafe fn insert(dpc: *mut Kdpc, argument1: *mut c_void, argument2: *mut c_void) -> bool {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    if state.queue.contains(&Queued(dpc)) {
        return false;
    }
    // SAFETY: not queued, so nobody else reads it; the caller vouches for the pointer.
    unsafe { (*dpc).argument1 = argument1 };
    // SAFETY: as above.
    unsafe { (*dpc).argument2 = argument2 };
    // INVARIANT: what the caller promises.
    state.queue.push_back(Queued(dpc));
    CHANGED.notify_all();
    drop(state);
    THREAD.call_once(|| {
        thread::spawn(run);
    });
    true
}

/// `KeRemoveQueueDpc`: false when it was not queued.
pub fn remove(dpc: *mut Kdpc) -> bool {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = state.queue.len();
    state.queue.retain(|queued| *queued != Queued(dpc));
    state.queue.len() != before
}

/// `KeFlushQueuedDpcs`: returns when all that were queued have run.
pub fn flush() {
    let state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    let idle = CHANGED.wait_while(state, |state| state.running || !state.queue.is_empty());
    drop(idle);
}

/// The thread's life.
fn run() {
    irql::set(DISPATCH_LEVEL);
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let Some(Queued(dpc)) = state.queue.pop_front() else {
            state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        // Copied under the lock: from here on its driver may queue it again, or free it.
        // SAFETY: it was queued, by the invariant.
        let context = unsafe { (*dpc).context };
        // SAFETY: as above.
        let routine = unsafe { (*dpc).routine };
        // SAFETY: as above.
        let argument1 = unsafe { (*dpc).argument1 };
        // SAFETY: as above.
        let argument2 = unsafe { (*dpc).argument2 };
        state.running = true;
        drop(state);
        if let Some(routine) = routine {
            // SAFETY: what the driver registered, with what it gave for it.
            unsafe { routine(dpc, context, argument1, argument2) };
        }
        state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        state.running = false;
        CHANGED.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    /// The queue is the process's, so one test at a time.
    static ALONE: Mutex<()> = Mutex::new(());

    struct Context {
        runs: AtomicUsize,
        level: AtomicUsize,
        gate: Mutex<mpsc::Receiver<()>>,
    }

    unsafe extern "system" fn count(
        _: *mut Kdpc,
        context: *mut c_void,
        argument1: *mut c_void,
        argument2: *mut c_void,
    ) {
        // SAFETY: each test's context outlives its DPCs.
        let context = unsafe { &*context.cast::<Context>() };
        let _ = context
            .gate
            .lock()
            .unwrap()
            .recv_timeout(Duration::from_secs(10));
        context
            .level
            .store(irql::current().into(), Ordering::SeqCst);
        context
            .runs
            .fetch_add(argument1.addr() + argument2.addr(), Ordering::SeqCst);
    }

    fn dpc(context: &Context) -> Kdpc {
        Kdpc::new(count, (&raw const *context).cast_mut().cast())
    }

    fn queue(dpc: &mut Kdpc, argument1: usize, argument2: usize) -> bool {
        let number = core::ptr::without_provenance_mut;
        // SAFETY: each test waits until its DPCs have run.
        unsafe { insert(&raw mut *dpc, number(argument1), number(argument2)) }
    }

    fn context() -> (mpsc::Sender<()>, Context) {
        let (open, gate) = mpsc::channel();
        let context = Context {
            runs: AtomicUsize::new(0),
            level: AtomicUsize::new(0),
            gate: Mutex::new(gate),
        };
        (open, context)
    }

    #[test]
    fn it_runs_once_at_dispatch_level_with_its_arguments() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (open, context) = context();
        let mut dpc = dpc(&context);
        open.send(()).unwrap();
        assert!(queue(&mut dpc, 1, 2));
        flush();
        assert_eq!(context.runs.load(Ordering::SeqCst), 3);
        assert_eq!(context.level.load(Ordering::SeqCst), DISPATCH_LEVEL.into());
    }

    #[test]
    fn a_queued_one_is_not_queued_twice_and_can_be_removed() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (open, context) = context();
        let (mut first, mut second) = (dpc(&context), dpc(&context));
        // The first one holds the thread.
        assert!(queue(&mut first, 1, 0));
        assert!(queue(&mut second, 1, 0));
        assert!(!queue(&mut second, 1, 0));
        assert!(remove(&raw mut second));
        assert!(!remove(&raw mut second));
        open.send(()).unwrap();
        flush();
        assert_eq!(context.runs.load(Ordering::SeqCst), 1);
    }
}
