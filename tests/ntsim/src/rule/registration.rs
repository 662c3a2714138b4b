//! What a driver asks the kernel to call it for.

use super::{VERIFIER, rules};
use crate::finding::Broken;
use crate::world::World;

rules! {
    CALLBACK_LEFT = "callback-left", VERIFIER,
        "What the driver has registered for itself is unregistered before it is unloaded: the kernel would call what is gone.";
    NOT_REGISTERED = "not-registered", None,
        "Only what is registered is unregistered.";
}

/// After `DriverUnload`.
///
/// # Errors
/// The broken rule.
pub fn check_left(world: &World) -> Result<(), Broken> {
    match world.registrations.first() {
        None => Ok(()),
        Some((what, key)) => Err(CALLBACK_LEFT.broken(format!("{what} is in force for {key:#x}"))),
    }
}
