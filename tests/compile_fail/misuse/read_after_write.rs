// What is written as output is gone as input.

use wdm::{Control, Irp, Written};

/// The first byte is the answer's by now.
pub fn device_control(irp: &mut Irp<Control>) -> (Written, Option<u8>) {
    let mut buffer = irp.buffer();
    let question = buffer.input();
    let written = buffer.write(b"answer"); //~ ERROR E0502
    (written, question.first().copied())
}
