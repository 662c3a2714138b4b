//! Two touches that nothing orders.

use super::cells::By;
use crate::finding::Broken;
use crate::machine;
use crate::world;
use crate::world::step::Effect;

/// Two touches of one byte that nothing orders.
#[derive(Clone, Copy, Debug)]
pub struct Conflict {
    /// The byte.
    pub address: usize,
    /// Who came first, in this run.
    pub earlier: Side,
    /// Who came later.
    pub later: Side,
}

/// One of the two.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// Whose touch it is.
    pub thread: usize,
    /// What it does.
    pub effect: Effect,
    /// By what.
    pub by: By,
}

impl Side {
    const fn is_atomic(self) -> bool {
        matches!(self.by, By::Step(_) | By::Instruction { atomic: true, .. })
    }

    const fn writes(self) -> bool {
        !matches!(self.effect, Effect::Read)
    }
}

impl Conflict {
    /// Whether the two may come in any order although nothing orders them: both are atomic, or one is a load,
    /// which on x64 is no different when it is atomic.
    pub const fn is_allowed(self) -> bool {
        let (one, two) = (self.earlier, self.later);
        // The kernel knows which objects have ended, and a step of the driver's on one faults.
        let kernel = matches!(
            (one.by, two.by),
            (By::Kernel, _) | (_, By::Kernel) | (By::End, By::Step(_)) | (By::Step(_), By::End)
        );
        kernel
            || (one.is_atomic() && (two.is_atomic() || !two.writes()))
            || (two.is_atomic() && !one.writes())
    }
}

/// A conflict in words.
pub fn describe(conflict: Conflict) -> Broken {
    let object = world::try_with(|world| world.object_name(conflict.address)).unwrap_or_default();
    let say = |side: Side| {
        let verb = if side.writes() { "writes" } else { "reads" };
        let place = match side.by {
            By::Instruction { offset, .. } => machine::try_with(|machine| {
                let image = &machine.image;
                format!("at {}", image.place(image.base() + offset))
            })
            .unwrap_or_default(),
            _ => "in a kernel routine".to_owned(),
        };
        format!("T{} {verb} it {place}", side.thread)
    };
    crate::rule::race::DATA_RACE.broken(format!(
        "{object}: {}, {}, and nothing orders the two",
        say(conflict.earlier),
        say(conflict.later)
    ))
}
