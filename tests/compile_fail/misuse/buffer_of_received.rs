// Only a device control request with buffered I/O is known to have a buffer.

use wdm::{Irp, Received};

/// Would take another member of the union for the buffer's address.
pub fn length(irp: &mut Irp<Received>) -> usize {
    irp.buffer().input().len() //~ ERROR E0599
}
