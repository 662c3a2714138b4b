//! Timers, and deferred procedure calls that are queued or run.

use std::sync::{Mutex, MutexGuard};
use std::thread::yield_now;

use crate::ntddk::at_dispatch_level;
use crate::types::{KDPC, KTIMER};

struct State {
    timers: Vec<(*mut KTIMER, *mut KDPC)>,
    queued: Vec<*mut KDPC>,
    running: usize,
}

// SAFETY: pointers to memory of the driver, which any processor may use.
unsafe impl Send for State {}

static STATE: Mutex<State> = Mutex::new(State {
    timers: Vec::new(),
    queued: Vec::new(),
    running: 0,
});

fn state() -> MutexGuard<'static, State> {
    STATE.lock().expect("no test has failed with it")
}

/// `KeInsertQueueDpc`: whether it was not queued already.
pub(crate) fn queue(dpc: *mut KDPC) -> bool {
    let mut state = state();
    let is_new = !state.queued.contains(&dpc);
    if is_new {
        state.queued.push(dpc);
    }
    is_new
}

/// `KeSetTimer`: whether it was set already.
pub(crate) fn set(timer: *mut KTIMER, dpc: *mut KDPC) -> bool {
    let was_set = cancel(timer);
    state().timers.push((timer, dpc));
    was_set
}

/// `KeCancelTimer`: whether it was set.
pub(crate) fn cancel(timer: *mut KTIMER) -> bool {
    let mut state = state();
    let count = state.timers.len();
    state.timers.retain(|set| set.0 != timer);
    state.timers.len() != count
}

/// Runs what is queued.
pub fn run() {
    loop {
        let dpc = {
            let mut state = state();
            let Some(dpc) = state.queued.pop() else {
                return;
            };
            state.running += 1;
            dpc
        };
        // Its memory may be used for another as soon as the routine runs.
        let KDPC {
            routine, context, ..
        } = unsafe { dpc.read() };
        let routine = routine.expect("it is initialized");
        at_dispatch_level(|| unsafe {
            routine(dpc, context, core::ptr::null_mut(), core::ptr::null_mut());
        });
        state().running -= 1;
    }
}

/// The time of every timer that is set is over.
pub fn expire() {
    {
        let mut state = state();
        let dpcs: Vec<_> = state.timers.drain(..).map(|set| set.1).collect();
        state.queued.extend(dpcs);
    }
    run();
}

/// `KeFlushQueuedDpcs`.
pub(crate) fn flush() {
    run();
    while state().running != 0 {
        yield_now();
    }
}
