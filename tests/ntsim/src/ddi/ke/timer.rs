//! Timers.
//!
//! A timer that is set becomes a thread of the run, whose one step is the expiry. The strategy decides
//! when that comes, as for any other step.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::dpc;
use crate::ddi::{enter, exports};
use crate::finding;
use crate::nt::DISPATCH_LEVEL;
use crate::nt::dpc::SIZE as DPC_SIZE;
use crate::nt::timer;
use crate::rule;
use crate::schedule;
use crate::world;
use crate::world::deferred::Timer;
use crate::world::dispatcher::Dispatcher;
use crate::world::step::{Effect, Span, Touches, kernel};
use crate::world::thread::Guard;

exports! {
    KeInitializeTimer, KeInitializeTimerEx, KeSetTimer, KeSetTimerEx, KeCancelTimer, KeReadStateTimer,
}

/// A periodic timer would expire for ever. Two expiries, of which the second can come while the DPC of
/// the first still runs, are all that can make a difference to most drivers.
const PERIODS: u32 = 2;

/// How a timer is set.
#[derive(Clone, Copy)]
struct Setting {
    /// In 100 ns since 1601.
    due: u64,
    /// In milliseconds, 0 for once.
    period: u32,
    dpc: usize,
    /// How often a periodic timer still expires.
    left: u32,
}

pub extern "win64" fn KeInitializeTimer(timer: usize) {
    const NOTIFICATION_TIMER: i32 = 0;
    KeInitializeTimerEx(timer, NOTIFICATION_TIMER);
}

pub extern "win64" fn KeInitializeTimerEx(timer: usize, kind: i32) {
    if world::with(|world| world.deferred.timers.contains_key(&timer)) {
        schedule::object_point("KeInitializeTimer", timer, timer::SIZE);
    }
    let armed = world::with(|world| world.deferred.armed_in(timer..timer + 1));
    if armed.is_some() {
        finding::raise(
            &rule::deferred::TIMER_ARMED,
            "KeInitializeTimer of a timer that is armed".into(),
        );
    }
    timer::initialize(timer, kind);
    let state = Dispatcher::Timer {
        notification: kind == 0,
        signaled: false,
    };
    world::with(|world| {
        world.deferred.timers.insert(timer, Timer::default());
        world.dispatchers.initialize(timer, state);
    });
}

/// Works with an initialized timer.
fn require(routine: &str, timer: usize) {
    if world::with(|world| !world.deferred.timers.contains_key(&timer)) {
        finding::raise(
            &rule::object::NOT_INITIALIZED,
            format!("{routine} was called for {timer:#x}, where no timer was initialized"),
        );
    }
}

pub extern "win64" fn KeSetTimer(timer: usize, due: i64, dpc: usize) -> u8 {
    KeSetTimerEx(timer, due, 0, dpc)
}

pub extern "win64" fn KeSetTimerEx(timer: usize, due: i64, period: i32, dpc: usize) -> u8 {
    enter("KeSetTimer", DISPATCH_LEVEL);
    schedule::object_point("KeSetTimer", timer, timer::SIZE);
    require("KeSetTimer", timer);
    if dpc != 0 {
        dpc::require("KeSetTimer", dpc);
    }
    let was_armed = world::with(|world| world.disarm(timer));
    signal(timer, false);
    let now = world::with(|world| world.time);
    let setting = Setting {
        // Negative is relative to now.
        due: u64::try_from(due).unwrap_or_else(|_| now.saturating_add(due.unsigned_abs())),
        period: period.max(0) as u32,
        dpc,
        left: PERIODS,
    };
    timer::set(timer, setting.due, period, dpc);
    arm(timer, setting);
    schedule::driver_point();
    u8::from(was_armed)
}

fn arm(timer: usize, setting: Setting) {
    world::with(|world| {
        let armed = Some(world.threads.len());
        let state = Timer {
            due: setting.due,
            armed,
        };
        world.deferred.timers.insert(timer, state);
    });
    let setter = world::with(|world| world.current);
    schedule::spawn("timer", None, move || expire(timer, setting, setter));
}

/// Sets whether a wait for the timer is satisfied.
fn signal(timer: usize, state: bool) {
    world::with(|world| {
        if let Some(Dispatcher::Timer { signaled, .. }) = world.dispatchers.get_mut(timer) {
            *signaled = state;
        }
    });
    timer::set_signaled(timer, state);
}

/// The thread of an armed timer.
fn expire(timer: usize, setting: Setting, setter: usize) {
    let Setting {
        due,
        period,
        dpc,
        left,
    } = setting;
    let touches = Touches::write(timer, timer::SIZE)
        .and(
            Span::new(dpc, if dpc == 0 { 0 } else { DPC_SIZE }),
            Effect::Write,
        )
        .and(Span::new(kernel::DPC_QUEUES, 1), Effect::Count);
    schedule::point("timer expires", timer, touches, Guard::Time(due));
    let expired = world::with(|world| {
        let me = world.current;
        let state = world.deferred.timers.get_mut(&timer);
        let state = state.filter(|timer| timer.armed == Some(me));
        state.map(|timer| timer.armed = None).is_some()
    });
    if !expired {
        // It was canceled, or set again.
        return;
    }
    world::with(|world| world.time = world.time.max(due));
    signal(timer, true);
    if period != 0 && left > 1 {
        /// 100 ns in a millisecond.
        const MILLISECOND: u64 = 10_000;
        let again = Setting {
            due: due.saturating_add(u64::from(period) * MILLISECOND),
            left: left - 1,
            ..setting
        };
        arm(timer, again);
    }
    if dpc != 0 {
        let me = world::with(|world| world.current);
        if dpc::enqueue(dpc, [0, 0], me) {
            dpc::preempt(me, setter);
            dpc::run(dpc);
        }
    }
}

pub extern "win64" fn KeCancelTimer(timer: usize) -> u8 {
    enter("KeCancelTimer", DISPATCH_LEVEL);
    schedule::object_point("KeCancelTimer", timer, timer::SIZE);
    require("KeCancelTimer", timer);
    let was_armed = world::with(|world| world.disarm(timer));
    world::with(|world| {
        world.log(
            if was_armed {
                "canceled"
            } else {
                "was not armed"
            },
            timer,
            None,
        );
    });
    u8::from(was_armed)
}

pub extern "win64" fn KeReadStateTimer(timer: usize) -> u8 {
    schedule::step("KeReadStateTimer", timer, Touches::read(timer, timer::SIZE));
    require("KeReadStateTimer", timer);
    u8::from(world::with(|world| world.dispatchers.is_signaled(timer)))
}
