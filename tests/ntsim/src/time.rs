//! How long this OS thread has computed: limits in it give the same result on a machine that has other work.

// UNSAFETY: asks the operating system for a clock.
#![expect(unsafe_code, reason = "a clock of the operating system's")]

use std::time::Duration;

/// Processor time of the OS thread that calls.
///
/// # Panics
/// If the operating system has no clock for that.
#[must_use]
pub fn processor() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a timespec that may be written.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert!(
        result == 0,
        "clock_gettime: {}",
        std::io::Error::last_os_error()
    );
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
