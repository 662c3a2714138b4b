// An IRP that a closed queue gives back must be answered.

use core::pin::Pin;

use wdm::{CancelSafeQueue, Irp, Received};

/// Whether it was inserted or not.
pub fn device_control(queue: Pin<&CancelSafeQueue>, irp: Irp<Received>) {
    queue.insert(irp); //~ ERROR unused_must_use
}
