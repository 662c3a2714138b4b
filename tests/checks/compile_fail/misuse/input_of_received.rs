// Only a device control request with buffered I/O is known to have a buffer (TR-81).

use wdm::{Irp, Received};

/// Would take another member of the union for the buffer's address.
pub fn length<D>(irp: &Irp<D, Received>) -> usize {
    irp.input().len() //~ ERROR E0599
}
