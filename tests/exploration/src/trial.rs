//! One run of a driver's life in which what was chosen fails.

use std::sync::{Arc, Mutex};

use crate::scenario::life;
use ntsim::explore::{self, Found};
use ntsim::fault::{Fault, Phase};
use ntsim::world;

/// What one run was like.
#[derive(Debug)]
pub struct Run {
    /// What could have failed, in order.
    pub uses: Vec<(Fault, Phase)>,
    /// The rule that was broken.
    pub found: Option<Found>,
}

/// Runs the driver's life once with these failures.
///
/// # Errors
/// A panic of the simulator itself.
pub fn run(faults: &[Fault]) -> Result<Run, String> {
    let uses = Arc::new(Mutex::new(Vec::new()));
    let (plan, sink) = (faults.to_vec(), Arc::clone(&uses));
    let outcome = explore::once(move || {
        world::with(|world| world.faults.plan.clone_from(&plan));
        life::play();
        let seen = world::with(|world| std::mem::take(&mut world.faults.uses));
        if let Ok(mut uses) = sink.lock() {
            *uses = seen;
        }
    });
    if let Some(panic) = outcome.broken {
        return Err(panic);
    }
    let uses = uses.lock().map_or_else(|_| Vec::new(), |uses| uses.clone());
    Ok(Run {
        uses,
        found: outcome.found,
    })
}
