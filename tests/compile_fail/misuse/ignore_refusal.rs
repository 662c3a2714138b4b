// An IRP for which there is no place comes back, and must be answered.

use core::pin::Pin;

use wdm::{Control, Irp, RequestQueues};

/// Whether it was inserted or not.
pub fn device_control(queues: Pin<&RequestQueues>, irp: Irp<Control>) {
    queues.pend(irp, 0, 0); //~ ERROR unused_must_use
}
