//! What exploration is for: a rule was broken.

use crate::caller;
use crate::cpu::{self, Left};
use crate::image::Place;
use crate::machine;
use crate::rule::Rule;
use crate::schedule;
use crate::world;

/// A broken rule, and where.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static Rule,
    /// What exactly happened.
    pub message: String,
    /// The driver's functions on the stack, innermost first.
    pub stack: Vec<Place>,
    /// The thread that did it.
    pub thread: usize,
}

/// Notes a finding; the first one of a run counts.
pub fn note(rule: &'static Rule, message: String) {
    let words = caller::words();
    let stack = machine::with(|machine| machine.image.call_sites(&words));
    world::with(|world| {
        if world.finding.is_none() {
            world.finding = Some(Finding {
                rule,
                message,
                stack,
                thread: world.current,
            });
        }
    });
}

/// Notes a fault of the interrupted thread. `false` when the state of the run is in use, which means
/// that the simulator itself has faulted.
pub fn note_fault(broken: Broken, rip: usize, rsp: usize) -> bool {
    let mut stack = vec![rip];
    stack.extend(cpu::stack_words_from(rsp));
    let sites = machine::try_with(|machine| machine.image.call_sites(&stack));
    let Some(stack) = sites else {
        return false;
    };
    let noted = world::try_with(|world| {
        if world.finding.is_none() {
            world.finding = Some(Finding {
                rule: broken.rule,
                message: broken.message,
                stack,
                thread: world.current,
            });
        }
    });
    noted.is_some()
}

/// Notes a finding and ends the run: this thread leaves the driver, and none runs again.
pub fn raise(rule: &'static Rule, message: String) -> ! {
    note(rule, message);
    cpu::leave(Left::Finding);
    schedule::stop()
}

/// Notes a finding that keeps nothing from going on: it is raised when the driver has been unloaded, if nothing else
/// was found before.
pub fn advise(rule: &'static Rule, message: String) {
    world::with(|world| _ = world.advice.get_or_insert((rule, message)));
}

/// Raises what was noted for the end.
pub fn raise_advice() {
    if let Some((rule, message)) = world::with(|world| world.advice.take()) {
        raise(rule, message);
    }
}

/// Raises what a check found, if it found something.
pub fn check(result: Result<(), Broken>) {
    if let Err(Broken { rule, message }) = result {
        raise(rule, message);
    }
}

/// What a check of a rule says when the rule is broken.
#[derive(Debug)]
pub struct Broken {
    /// Which rule.
    pub rule: &'static Rule,
    /// What exactly happened.
    pub message: String,
}

impl Rule {
    /// This rule is broken.
    pub fn broken(&'static self, message: impl Into<String>) -> Broken {
        Broken {
            rule: self,
            message: message.into(),
        }
    }
}
