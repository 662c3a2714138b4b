// An IRP is received or dequeued; there is no third state.

use wdm::Irp;

/// What would its owner owe?
pub enum Borrowed {}

/// An IRP that nobody can answer for.
pub fn device_control(_irp: Irp<Borrowed>) {} //~ ERROR E0277
