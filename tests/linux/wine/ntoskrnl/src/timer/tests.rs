//! Timers on the host's own clock.

use super::*;
use crate::abi::DISPATCH_LEVEL;
use crate::irql;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// 1 ms in units of 100 ns, from now on.
const MILLISECOND: i64 = -10_000;
/// Longer than any test runs.
const LATER: i64 = 600_000 * MILLISECOND;

struct Ring {
    runs: AtomicUsize,
    level: AtomicUsize,
    told: Mutex<mpsc::Sender<Instant>>,
}

unsafe extern "system" fn ring(_: *mut Kdpc, context: *mut c_void, _: *mut c_void, _: *mut c_void) {
    // SAFETY: each test's ring outlives its DPCs.
    let ring = unsafe { &*context.cast::<Ring>() };
    ring.level.store(irql::current().into(), Ordering::SeqCst);
    ring.runs.fetch_add(1, Ordering::SeqCst);
    let _ = ring.told.lock().unwrap().send(Instant::now());
}

/// A timer with its DPC and what that tells.
struct Bell {
    ring: Box<Ring>,
    dpc: Box<Kdpc>,
    told: mpsc::Receiver<Instant>,
}

impl Bell {
    fn new() -> Self {
        let (sender, told) = mpsc::channel();
        let ring = Box::new(Ring {
            runs: AtomicUsize::new(0),
            level: AtomicUsize::new(0),
            told: Mutex::new(sender),
        });
        let context = (&raw const *ring).cast_mut().cast();
        let dpc = Box::new(Kdpc::new(self::ring, context));
        Self { ring, dpc, told }
    }

    /// The address of anything will do for a name.
    fn timer(&self) -> *mut c_void {
        (&raw const *self.ring).cast_mut().cast()
    }

    fn set(&mut self, due: i64, period: Duration) -> bool {
        let timer = self.timer();
        // SAFETY: dropping the bell cancels the timer and waits for the DPC.
        unsafe { set(timer, due, period, &raw mut *self.dpc) }
    }

    fn cancel(&self) -> bool {
        cancel(self.timer())
    }

    fn runs(&self) -> usize {
        self.ring.runs.load(Ordering::SeqCst)
    }

    fn rings(&self) -> Instant {
        self.told.recv_timeout(Duration::from_secs(20)).unwrap()
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.cancel();
        dpc::flush();
    }
}

#[test]
fn it_expires_once_at_dispatch_level_and_not_early() {
    let mut bell = Bell::new();
    let since = Instant::now();
    assert!(!bell.set(30 * MILLISECOND, Duration::ZERO));
    assert!(bell.rings() - since >= Duration::from_millis(30));
    let level = bell.ring.level.load(Ordering::SeqCst);
    assert_eq!(level, DISPATCH_LEVEL.into());
    assert!(!bell.cancel(), "it has expired");
    assert!(!bell.set(LATER, Duration::ZERO), "it has expired");
    assert_eq!(bell.runs(), 1);
}

#[test]
fn a_canceled_one_does_not_expire() {
    let mut bell = Bell::new();
    assert!(!bell.cancel(), "it was never set");
    bell.set(20 * MILLISECOND, Duration::ZERO);
    assert!(bell.cancel());
    assert!(!bell.cancel());
    thread::sleep(Duration::from_millis(60));
    dpc::flush();
    assert_eq!(bell.runs(), 0);
}

#[test]
fn setting_it_again_moves_it() {
    let mut bell = Bell::new();
    assert!(!bell.set(LATER, Duration::ZERO));
    assert!(bell.set(MILLISECOND, Duration::ZERO));
    bell.rings();
    bell.set(MILLISECOND, Duration::ZERO);
    assert!(bell.set(LATER, Duration::ZERO) || bell.runs() == 2);
}

#[test]
fn one_with_a_period_expires_until_it_is_canceled() {
    let mut bell = Bell::new();
    bell.set(MILLISECOND, Duration::from_millis(2));
    for _ in 0..4 {
        bell.rings();
    }
    assert!(bell.cancel());
    dpc::flush();
    let runs = bell.runs();
    thread::sleep(Duration::from_millis(20));
    assert_eq!(bell.runs(), runs);
}

#[test]
fn a_system_time_is_one_of_the_clock() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + SYSTEM_TIME_TO_UNIX;
    let now = i64::try_from(now.as_nanos() / 100).unwrap();
    let mut bell = Bell::new();
    bell.set(now - LATER, Duration::ZERO);
    assert!(bell.cancel(), "ten minutes from now");
    for past in [0, 1, now] {
        bell.set(past, Duration::ZERO);
        bell.rings();
    }
}

#[test]
fn the_farthest_times_are_never() {
    let mut bell = Bell::new();
    for due in [
        i64::MIN,
        i64::MIN + 1,
        i64::MAX,
        -i64::from(u32::MAX) * 10_000,
    ] {
        bell.set(due, Duration::MAX);
        assert!(bell.cancel());
    }
    dpc::flush();
    assert_eq!(bell.runs(), 0);
}

#[test]
fn many_expire_in_the_order_of_their_times() {
    let mut bells: Vec<Bell> = (0..40).map(|_| Bell::new()).collect();
    let mut timers = Timers::default();
    let start = Instant::now();
    for (index, bell) in (0_u32..40).zip(&mut bells).rev() {
        let active = Active {
            timer: bell.timer().addr(),
            dpc: &raw mut *bell.dpc,
            period: None,
        };
        timers.insert(start + Duration::from_micros(index.into()), active);
    }
    thread::sleep(Duration::from_millis(1));
    assert_eq!(timers.expire(), None);
    let rung: Vec<Instant> = bells.iter().map(Bell::rings).collect();
    assert!(rung.is_sorted());
}

/// What a driver relies on that reuses a timer's memory.
#[test]
fn after_a_cancel_that_came_too_late_a_flush_waits_for_the_dpc() {
    let mut late = 0;
    for round in 0..400 {
        let mut bell = Bell::new();
        bell.set(-10 * (round % 20), Duration::ZERO);
        if round % 3 == 0 {
            thread::yield_now();
        }
        let canceled = bell.cancel();
        dpc::flush();
        assert_eq!(bell.runs(), usize::from(!canceled));
        late += usize::from(!canceled);
    }
    assert!(late > 0, "no cancel came too late, so nothing was shown");
}
