// The pages of a program that brings data are locked for reading.

use wdm::{InDirect, Irp, Write};

/// They may be pages that nobody can write to.
pub fn write<D>(irp: &mut Irp<D, Write>, other: &mut Irp<D, InDirect>) {
    let _ = irp.fill([b"answer"]); //~ ERROR E0599
    let _ = other.fill([b"answer"]); //~ ERROR E0599
}
