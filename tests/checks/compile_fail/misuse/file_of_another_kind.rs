// Hole: the state of a handle of another device. A queue looks for what is of a handle of its own devices.

use core::pin::Pin;

use wdm::{Control, Device, Driven};
use wdm::csq::{Fifo, Own};

/// Would look through a list of other IRPs.
pub fn cleanup<A, B>(queue: Pin<&Fifo<A, Control>>, own: Pin<&Own<B, Control>>, call: &mut wdm::Call)
where
    A: Device<File = Own<A, Control>>,
    B: Device<File = Own<B, Control>>,
{
    queue.close(own, call); //~ ERROR E0308
}
