// The states of an IRP are wdm's.

use wdm::Irp;

/// What would its owner owe?
pub enum Borrowed {}

/// An IRP that nobody can answer for.
pub fn device_control<D>(_irp: Irp<D, Borrowed>) {} //~ ERROR E0277
