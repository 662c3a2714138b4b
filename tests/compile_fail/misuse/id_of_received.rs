// A request has an id once a queue has taken it, and then it is not there to be asked.

use wdm::{Control, Irp};

/// Would read a pointer that nobody has written.
pub fn name(irp: &Irp<Control>) -> u64 {
    irp.id() //~ ERROR E0599
}
