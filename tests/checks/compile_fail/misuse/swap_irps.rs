// Two IRPs swapped: the one of this call, and one whose dispatch routine has returned. Their states are their types.

use wdm::{Control, Dequeued, Irp};

/// Each would be completed as the other.
pub fn exchange<D>(irp: &mut Irp<D, Control>, other: &mut Irp<D, Dequeued<'_>>) {
    core::mem::swap(irp, other); //~ ERROR E0308
}
