//! Notices a routine of the driver that does not come to an end by itself: a loop without any step that
//! the scheduler would see.

// UNSAFETY: a timer that sends this OS thread a signal.
#![expect(unsafe_code, reason = "a timer of the operating system's")]

use std::cell::Cell;
use std::ptr;

use crate::cpu;
use crate::finding::Broken;
use crate::rule::progress::LIVELOCK;

/// The timer's signal.
pub const SIGNAL: i32 = libc::SIGVTALRM;
/// Processor time that a call into the driver may take; it takes microseconds.
const SECONDS: u32 = 5;

thread_local! {
    /// The call that the driver was in when the timer was last seen, and how often that was.
    static SEEN: Cell<(u64, u32)> = const { Cell::new((0, 0)) };
}

/// The timer, until this goes.
#[derive(Debug)]
pub struct Watchdog(libc::timer_t);

impl Watchdog {
    /// Watches the calls that this OS thread makes into the driver.
    ///
    /// # Panics
    /// If the operating system has no timer for that.
    #[must_use]
    pub fn start() -> Self {
        // SAFETY: all zeroes is a valid sigevent.
        let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = SIGNAL;
        // SAFETY: gettid has no preconditions.
        event.sigev_notify_thread_id = unsafe { libc::gettid() };
        let mut timer: libc::timer_t = ptr::null_mut();
        // SAFETY: both are initialized.
        let made = unsafe {
            libc::timer_create(
                libc::CLOCK_THREAD_CPUTIME_ID,
                &raw mut event,
                &raw mut timer,
            )
        };
        assert!(
            made == 0,
            "timer_create: {}",
            std::io::Error::last_os_error()
        );
        let second = libc::timespec {
            tv_sec: 1,
            tv_nsec: 0,
        };
        let every = libc::itimerspec {
            it_interval: second,
            it_value: second,
        };
        // SAFETY: the timer was made above, and the times are initialized.
        let set = unsafe { libc::timer_settime(timer, 0, &raw const every, ptr::null_mut()) };
        assert!(
            set == 0,
            "timer_settime: {}",
            std::io::Error::last_os_error()
        );
        SEEN.set((cpu::calls(), 0));
        Self(timer)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // SAFETY: made by `start`, and not used after this.
        unsafe { libc::timer_delete(self.0) };
    }
}

/// A second is over.
///
/// # Errors
/// The driver has been in the same call for too long, and was interrupted in its own code. If it was
/// not, it will be some other second.
pub fn ticked(in_driver: bool) -> Result<(), Broken> {
    let call = cpu::calls();
    let (seen, times) = SEEN.get();
    let times = if call == seen { times + 1 } else { 0 };
    SEEN.set((call, times));
    if times < SECONDS || !in_driver {
        return Ok(());
    }
    Err(LIVELOCK.broken(format!(
        "the driver has been in one call for {times} s of processor time"
    )))
}
