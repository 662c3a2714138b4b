//! A thread that is suspended in the driver, as any program may do to its own.
//!
//! It may hold what others wait for: a request of another process that it has taken out of a queue, a
//! reference that a removal waits for. Nothing of that may depend on when it is resumed.

use crate::finding;
use crate::rule::progress;
use crate::schedule;
use crate::world::step::Touches;
use crate::world::thread::Guard;
use crate::world::{self, World};

/// The first actor's thread.
const FIRST: usize = 1;

/// Makes it matter where the first actor is, once it has a thread.
pub fn prepare() {
    world::with(|world| {
        if let Some(thread) = world.threads.get_mut(FIRST) {
            thread.on = Some(FIRST as u32);
        }
    });
}

/// Suspends the first actor somewhere, looks whether all others come to their end without it, and resumes it.
pub fn first_actor() {
    let touches = Touches::OWN.on(Some(FIRST as u32));
    schedule::point("suspend thread", FIRST, touches, Guard::Suspendable(FIRST));
    let suspended = world::with(|world| {
        let thread = world.threads.get_mut(FIRST);
        let thread = thread.filter(|thread| !thread.finished);
        thread.map(|thread| thread.suspended = true).is_some()
    });
    if !suspended {
        return;
    }
    while schedule::wait_for_quiet() {}
    if let Some(left) = world::with(stranded) {
        finding::raise(
            &progress::STRANDED,
            format!("T{FIRST} is suspended in the driver, and {left}"),
        );
    }
    world::with(|world| {
        if let Some(thread) = world.threads.get_mut(FIRST) {
            thread.suspended = false;
        }
        world.log("resume thread", FIRST, None);
    });
}

/// What cannot go on without it and is not its own.
fn stranded(world: &mut World) -> Option<String> {
    let me = world.current;
    let others = world.threads.iter().enumerate().skip(1);
    let stuck = others
        .filter(|(number, thread)| ![me, FIRST].contains(number) && !thread.finished)
        .map(|(number, thread)| {
            let object = world.object_name(thread.pending.object);
            let what = thread.pending.what;
            format!("T{number} ({}) cannot go on: {what} {object}", thread.name)
        })
        .next();
    stuck.or_else(|| {
        let gone = world.devices.gone;
        // Who asked the driver for it, and is suspended before that has begun, owes nothing.
        let doomed = |number| {
            world
                .doomed
                .iter()
                .any(|it| it.0 == number && it.1 != FIRST)
        };
        let is_due = |&(number, irp): &(usize, &world::irp::Irp)| {
            let closed = irp.file.and_then(|file| world.files.get(file));
            let closed = closed.is_some_and(|file| file.cleanup_done);
            irp.dispatched
                && !irp.completed
                && irp.thread != FIRST
                && (gone || closed || doomed(number))
        };
        let (number, _) = world.irps.iter().find(is_due)?;
        Some(format!(
            "{} has to end and does not",
            world.irp_name(number)
        ))
    })
}
