//! Timers that queue a DPC when their time has come.
//!
//! After <https://learn.microsoft.com/windows-hardware/drivers/kernel/timer-objects-and-dpcs>. A
//! timer is active from the call that sets it until it expires or is canceled, and never again
//! without another call, unless it has a period. It expires, and its DPC is queued, in one step
//! under the lock: who is told that a timer was not active any more can wait for its DPC with
//! `KeFlushQueuedDpcs`.
//!
//! The `KTIMER` itself is only a name here; nothing reads or writes it, so a driver may free it as
//! soon as it is not active. Threads cannot wait for these timers. Absolute times do not follow the
//! clock when that is set.
//!
//! UNSAFETY: queues the DPC that a driver gave.
#![expect(unsafe_code, reason = "queues a driver's DPC")]

use core::ffi::c_void;
use core::ptr::null_mut;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Condvar, Mutex, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::abi::Kdpc;
use crate::dpc;

/// From the beginning of the system time, in 1601, to that of `UNIX_EPOCH`.
const SYSTEM_TIME_TO_UNIX: Duration = Duration::from_hours(24 * 134_774);

/// An active timer.
///
/// # Invariants
/// The DPC, if it is not null, exists until it has run after the timer's expiry, or until the timer
/// was canceled; that is what its driver promises.
struct Active {
    timer: usize,
    dpc: *mut Kdpc,
    period: Option<Duration>,
}

// SAFETY: a KDPC belongs to no thread.
unsafe impl Send for Active {}

/// The place of an active timer: when it expires, and a number for those that expire together.
type Place = (Instant, u64);

#[derive(Default)]
struct Timers {
    /// By the time of expiry.
    active: BTreeMap<Place, Active>,
    /// Where in `active` a timer is, by its address.
    places: HashMap<usize, Place>,
    last: u64,
}

static TIMERS: Mutex<Option<Timers>> = Mutex::new(None);
static CHANGED: Condvar = Condvar::new();
static THREAD: Once = Once::new();

impl Timers {
    fn insert(&mut self, at: Instant, active: Active) {
        self.last += 1;
        let place = (at, self.last);
        self.places.insert(active.timer, place);
        self.active.insert(place, active);
    }

    /// Whether it was active.
    fn remove(&mut self, timer: usize) -> bool {
        let place = self.places.remove(&timer);
        place.is_some_and(|place| self.active.remove(&place).is_some())
    }

    /// Lets what is due expire; returns how long to sleep.
    fn expire(&mut self) -> Option<Duration> {
        loop {
            let (at, _) = *self.active.first_key_value()?.0;
            let now = Instant::now();
            if at > now {
                return Some(at - now);
            }
            let (_, active) = self.active.pop_first()?;
            self.places.remove(&active.timer);
            if !active.dpc.is_null() {
                // SAFETY: it exists, by the invariant of `Active`. If it is queued already, it
                // stays so.
                unsafe { dpc::insert(active.dpc, null_mut(), null_mut()) };
            }
            if let Some(next) = active.period.and_then(|period| at.checked_add(period)) {
                self.insert(next, active);
            }
        }
    }
}

/// `KeSetTimerEx`: whether the timer was active, and now has another time.
///
/// `due` is in units of 100 ns: negative from now on, otherwise a system time.
///
/// # Safety
/// `dpc` is null, or is initialized and exists until it has run or the timer was canceled.
pub unsafe fn set(timer: *mut c_void, due: i64, period: Duration, dpc: *mut Kdpc) -> bool {
    let mut timers = TIMERS.lock().unwrap_or_else(PoisonError::into_inner);
    let timers = timers.get_or_insert_default();
    let was_active = timers.remove(timer.addr());
    // INVARIANT: what the caller promises.
    let active = Active {
        timer: timer.addr(),
        dpc,
        period: (!period.is_zero()).then_some(period),
    };
    timers.insert(expiry(due), active);
    CHANGED.notify_all();
    THREAD.call_once(|| {
        thread::spawn(run);
    });
    was_active
}

/// `KeCancelTimer`: whether the timer was active.
pub fn cancel(timer: *mut c_void) -> bool {
    let mut timers = TIMERS.lock().unwrap_or_else(PoisonError::into_inner);
    timers
        .as_mut()
        .is_some_and(|timers| timers.remove(timer.addr()))
}

/// When a timer expires that is due then.
fn expiry(due: i64) -> Instant {
    /// Farther away than this host will run, and near enough for any clock.
    const NEVER: Duration = Duration::from_hours(24 * 365 * 10);
    let time = Duration::from_nanos(due.unsigned_abs().saturating_mul(100));
    let from_now = if due < 0 {
        time
    } else {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        time.saturating_sub(now.unwrap_or_default() + SYSTEM_TIME_TO_UNIX)
    };
    Instant::now() + from_now.min(NEVER)
}

/// The thread's life.
fn run() {
    let mut timers = TIMERS.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let sleep = timers.as_mut().and_then(Timers::expire);
        timers = match sleep {
            Some(limit) => {
                let woken = CHANGED.wait_timeout(timers, limit);
                woken.unwrap_or_else(PoisonError::into_inner).0
            }
            None => CHANGED.wait(timers).unwrap_or_else(PoisonError::into_inner),
        };
    }
}

#[cfg(test)]
mod tests;
