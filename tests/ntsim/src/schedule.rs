//! Who runs next.
//!
//! [`point`] is what the simulated kernel calls before each step that another thread could notice.
//! The [`adapter`] hands the decision to a [`Strategy`], one per file.

pub mod adapter;
pub mod again;
pub mod bounded;
pub mod given;
pub mod pct;
pub mod random;
pub mod replay;
pub mod sleep_set;

use shuttle::scheduler::Task;

use crate::cpu::{self, Context};
use crate::machine::Processor;
use crate::nt::device_object;
use crate::race;
use crate::world;
use crate::world::step::{Effect, Span, Touches, kernel};
use crate::world::thread::{Guard, Pending, Thread};

/// A thread that could take the next step.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// The thread's number.
    pub thread: usize,
    /// What its next step influences.
    pub touches: Touches,
    /// Its task, for the strategies that come with shuttle.
    pub task: &'a Task,
}

/// A way to go through the possible schedules.
pub trait Strategy {
    /// Starts the next schedule; `false` when there is none left.
    fn begin(&mut self) -> bool;

    /// Picks one of the threads that can go on; there is at least one. `None` says that the rest of
    /// this schedule is not worth running.
    fn choose(&mut self, choices: &[Choice<'_>], current: Option<usize>) -> Option<usize>;

    /// Is told of a step that was not a decision, since only one thread can go on. `false` says what
    /// `None` says in [`Self::choose`].
    fn forced(&mut self, _only: Choice<'_>) -> bool {
        true
    }

    /// Why the schedule that this was to repeat is none of this run, if so.
    fn misfit(&self) -> Option<String> {
        None
    }

    /// Is told that whatever `later` does from now on depends on all that `earlier` has done.
    fn ordered(&mut self, _earlier: usize, _later: usize) {}

    /// How many schedules ended because the rest was not worth running.
    fn pruned(&self) -> usize {
        0
    }

    /// Which part of its schedules it has run, between 0 and 1, as far as it can tell.
    fn progress(&self) -> f64 {
        1.0
    }

    /// Whether instructions that race have to become points.
    fn learns(&self) -> bool {
        false
    }

    /// Is told that the last schedule ended by a finding, before all its threads had ended.
    fn interrupted(&mut self) {}

    /// Forgets the schedules that were run: there are other points now.
    fn restart(&mut self) {}

    /// Whether, when `begin` has said `false`, every schedule within the strategy's bound was run.
    fn is_exhaustive(&self) -> bool {
        false
    }
}

impl Strategy for Box<dyn Strategy> {
    fn begin(&mut self) -> bool {
        self.as_mut().begin()
    }

    fn choose(&mut self, choices: &[Choice<'_>], current: Option<usize>) -> Option<usize> {
        self.as_mut().choose(choices, current)
    }

    fn forced(&mut self, only: Choice<'_>) -> bool {
        self.as_mut().forced(only)
    }

    fn ordered(&mut self, earlier: usize, later: usize) {
        self.as_mut().ordered(earlier, later);
    }

    fn misfit(&self) -> Option<String> {
        self.as_ref().misfit()
    }

    fn pruned(&self) -> usize {
        self.as_ref().pruned()
    }

    fn progress(&self) -> f64 {
        self.as_ref().progress()
    }

    fn learns(&self) -> bool {
        self.as_ref().learns()
    }

    fn interrupted(&mut self) {
        self.as_mut().interrupted();
    }

    fn restart(&mut self) {
        self.as_mut().restart();
    }

    fn is_exhaustive(&self) -> bool {
        self.as_ref().is_exhaustive()
    }
}

/// Waits until the scheduler picks this thread to do `what`.
pub fn point(what: &'static str, object: usize, touches: Touches, guard: Guard) {
    let pending = Pending {
        what,
        object,
        touches,
        guard,
    };
    let switch = world::with(|world| {
        let touches = match world.thread().on {
            Some(processor) => touches.on(Some(processor)),
            None => touches,
        };
        world.thread().pending = Pending { touches, ..pending };
        // As long as there is one thread, it has nobody to wait for, unless for ever. Later the strategy
        // wants to know each step, for it may depend on what threads did that have ended.
        world.threads.len() > 1 || !world.holds(guard)
    });
    if switch {
        switch_threads();
    }
    let (touches, guard) = world::with(|world| {
        let pending = world.thread().pending;
        (pending.touches, pending.guard)
    });
    race::step(&touches, guard);
    world::with(|world| {
        // Another thread may have taken the step away.
        let Pending { what, object, .. } =
            std::mem::replace(&mut world.thread().pending, Pending::NOTHING);
        if !what.is_empty() {
            world.log(what, object, None);
        }
    });
}

/// A point before a step that is always possible.
pub fn step(what: &'static str, object: usize, touches: Touches) {
    point(what, object, touches, Guard::Always);
}

/// A point before a step that may change a kernel object of so many bytes.
pub fn object_point(what: &'static str, object: usize, length: usize) {
    step(what, object, Touches::write(object, length));
}

/// A point before a step that counts up or down in a kernel object of so many bytes.
pub fn counter_point(what: &'static str, object: usize, length: usize) {
    step(what, object, Touches::count(object, length));
}

/// A point after which only the driver goes on. There is one after each step that lets other
/// threads go on: the driver's next instruction is not atomic with it.
pub fn driver_point() {
    step("", 0, Touches::OWN);
}

/// A point before the driver is called with an IRP of a file object: the I/O manager looks at its device.
pub fn entry_point(device: usize, file: Option<usize>) {
    let touches = Touches::read(device, device_object::SIZE);
    let touches = match file {
        Some(file) => touches.and(Span::new(kernel::file(file), 1), Effect::Count),
        None => touches,
    };
    step("", 0, touches);
}

/// Lets others run. Returns when this thread is picked.
fn switch_threads() {
    let (me, context) = pause();
    shuttle_engine::runtime::thread::switch();
    resume(me, context);
}

/// Keeps what belongs to the current thread, before another may run.
fn pause() -> (usize, Context) {
    let stack = cpu::driver_stack().unwrap_or_default();
    let me = world::with(|world| {
        world.thread().stack = stack;
        world.current
    });
    (me, Context::save())
}

fn resume(me: usize, context: Context) {
    race::switched(me);
    let gs = world::with(|world| {
        world.current = me;
        let thread = world.thread();
        thread.stack = 0..0;
        thread.processor.region
    });
    context.restore(gs);
}

/// Never goes on: the run has a finding, and the adapter ends it here.
pub fn stop() -> ! {
    loop {
        shuttle_engine::runtime::thread::switch();
    }
}

/// Waits until nothing else can happen, and says whether anything has happened meanwhile.
#[must_use]
pub fn wait_for_quiet() -> bool {
    let length = world::with(|world| world.trace.len());
    point("", 0, Touches::NOTHING, Guard::Quiet(length));
    world::with(|world| world.trace.len() > length)
}

/// Makes the record of a new thread, and returns its number and its processor.
fn prepare(name: &'static str, object: Option<usize>) -> (usize, Processor) {
    let number = world::with(|world| world.threads.len());
    let processor = world::processor(number);
    world::with(|world| {
        let mut thread = Thread::new(name, processor);
        thread.object = object;
        world.threads.push(thread);
        world.handovers.push((world.current, number));
    });
    race::fork(number);
    (number, processor)
}

/// A new thread, from its first step to its last.
fn run(number: usize, processor: Processor, body: impl FnOnce()) {
    world::with(|world| world.current = number);
    race::switched(number);
    cpu::start_thread(processor.region);
    body();
    race::thread_ended(number);
    world::with(|world| world.thread().finished = true);
}

/// Starts a simulated thread and returns its number.
pub fn spawn(
    name: &'static str,
    object: Option<usize>,
    body: impl FnOnce() + Send + 'static,
) -> usize {
    let (number, processor) = prepare(name, object);
    let (me, context) = pause();
    let handle = shuttle::thread::spawn(move || run(number, processor, body));
    resume(me, context);
    // Joining is a guard of ours; shuttle's own join would hide the wait from the strategies.
    std::mem::forget(handle);
    number
}

/// Runs `other` on a simulated thread of its own while this one runs `here`. Returns when both have
/// ended.
pub fn beside<R>(name: &'static str, other: impl FnOnce() + Send, here: impl FnOnce() -> R) -> R {
    let (number, processor) = prepare(name, None);
    let (me, context) = pause();
    let value = shuttle::thread::scope(|scope| {
        let handle = scope.spawn(move || run(number, processor, other));
        resume(me, context);
        std::mem::forget(handle);
        let value = here();
        join(number);
        value
    });
    // The end of the scope may have let the other task come to its own.
    resume(me, context);
    value
}

/// Waits for a thread to end.
pub fn join(thread: usize) {
    point(
        "wait for a thread",
        thread,
        Touches::NOTHING,
        Guard::Ended(thread),
    );
    race::joined(thread);
    world::with(|world| world.handovers.push((thread, world.current)));
}
