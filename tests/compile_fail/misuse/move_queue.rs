// Queues stay where they were registered: the kernel and every IRP in them have their addresses
// (INV-04).

use core::pin::Pin;

use wdm::RequestQueues;

/// Swaps those of two devices.
pub fn exchange(queues: Pin<&mut RequestQueues>, other: &mut RequestQueues) {
    core::mem::swap(queues.get_mut(), other); //~ ERROR E0277
}
