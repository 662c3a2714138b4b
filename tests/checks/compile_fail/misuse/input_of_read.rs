// A read has no input, and its memory is a program's: no reference leads there (TR-81).

use wdm::{Irp, Read};

/// Would take the address of the program's pages for a buffer of the kernel's.
pub fn length<D>(irp: &Irp<D, Read>) -> usize {
    irp.input().len() //~ ERROR E0599
}
