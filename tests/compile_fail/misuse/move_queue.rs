// A queue stays where it was registered: the kernel and every IRP in it have its address (INV-04).

use core::pin::Pin;

use wdm::CancelSafeQueue;

/// Swaps two queues.
pub fn exchange(queue: Pin<&mut CancelSafeQueue>, other: &mut CancelSafeQueue) {
    core::mem::swap(queue.get_mut(), other); //~ ERROR E0277
}
