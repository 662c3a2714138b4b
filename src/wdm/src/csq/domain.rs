//! What shares one lock.

use crate::device::Device;
use crate::state::Kind;

/// What shares one lock, and what that guards.
pub trait Domain: Sized + 'static {
    /// The device whose IRPs the queues hold.
    type Device: Device;
    /// What kind of requests they are.
    type Kind: Kind;
    /// What the lock guards. It is only ever shared, so its fields are cells and lists.
    type State: Send + 'static;
    /// What is kept for each IRP in a queue.
    type Request: Default + Send + 'static;
}
