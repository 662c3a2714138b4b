//! Timers, on a real thread: it sleeps until the first one is due, and calls the DPCs one after the other.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use std::collections::BTreeMap;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::dpc;

routines! {
    KeInitializeTimer, KeInitializeTimerEx, KeSetTimer, KeCancelTimer,
}

/// Timers that are set.
#[derive(Default)]
struct Timers {
    /// When each expires.
    due: BTreeMap<usize, Instant>,
    /// In the order in which they expire, with their DPCs.
    order: BTreeMap<(Instant, usize), usize>,
    /// Whether a DPC is being called.
    busy: bool,
}

impl Timers {
    /// Takes a timer back; whether it was set.
    fn cancel(&mut self, timer: usize) -> bool {
        let due = self.due.remove(&timer);
        due.is_some_and(|due| self.order.remove(&(due, timer)).is_some())
    }

    /// Takes the DPC of a timer that is due.
    fn take_due(&mut self, now: Instant) -> Option<usize> {
        let (&(due, timer), &dpc) = self.order.first_key_value()?;
        (due <= now).then(|| {
            self.cancel(timer);
            dpc
        })
    }
}

/// All timers of the process, and the thread that waits for them.
struct Clock {
    timers: Mutex<Timers>,
    /// A timer was set that is the first now, or a DPC has come back.
    changed: Condvar,
}

static CLOCK: LazyLock<Clock> = LazyLock::new(|| {
    thread::spawn(|| CLOCK.run());
    Clock {
        timers: Mutex::default(),
        changed: Condvar::new(),
    }
});

impl Clock {
    fn lock(&self) -> MutexGuard<'_, Timers> {
        self.timers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls each DPC when its timer expires. Never comes back.
    fn run(&self) {
        let mut timers = self.lock();
        loop {
            let now = Instant::now();
            if let Some(dpc) = timers.take_due(now) {
                timers.busy = true;
                drop(timers);
                dpc::run_of_timer(dpc);
                timers = self.lock();
                timers.busy = false;
                self.changed.notify_all();
                continue;
            }
            let first = timers.order.first_key_value().map(|(&(due, _), _)| due);
            timers = match first {
                Some(due) => {
                    let (timers, _) = self
                        .changed
                        .wait_timeout(timers, due.saturating_duration_since(now))
                        .unwrap_or_else(PoisonError::into_inner);
                    timers
                }
                None => self
                    .changed
                    .wait(timers)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

pub extern "win64" fn KeInitializeTimer(_timer: usize) {}

pub extern "win64" fn KeInitializeTimerEx(_timer: usize, _kind: u32) {}

/// Of the times that can be given, the relative ones, which are negative.
pub extern "win64" fn KeSetTimer(timer: usize, due: i64, dpc: usize) -> u8 {
    const NANOSECONDS: u64 = 100;
    let delay = Duration::from_nanos(due.min(0).unsigned_abs().saturating_mul(NANOSECONDS));
    let due = Instant::now() + delay;
    let mut timers = CLOCK.lock();
    let was_set = timers.cancel(timer);
    timers.due.insert(timer, due);
    timers.order.insert((due, timer), dpc);
    CLOCK.changed.notify_all();
    u8::from(was_set)
}

pub extern "win64" fn KeCancelTimer(timer: usize) -> u8 {
    u8::from(CLOCK.lock().cancel(timer))
}

/// Waits for the DPC of a timer that is being called, if one is: those of timers are not queued otherwise.
pub fn wait_until_idle() {
    let timers = CLOCK.lock();
    let idle = CLOCK.changed.wait_while(timers, |timers| timers.busy);
    drop(idle);
}
