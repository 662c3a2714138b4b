// Input and output of a buffered request are one buffer, so there is one view of it.

use wdm::{Control, Irp};

/// What is written through the one would change under the other.
pub fn device_control(irp: &mut Irp<Control>) -> usize {
    let input = irp.buffer();
    let output = irp.buffer(); //~ ERROR E0499
    input.input().len() + output.output_length()
}
