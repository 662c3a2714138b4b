// Input and output of a buffered request share their memory: what is answered is gone as input.

use wdm::{Control, Irp};

/// The first byte is the answer's by now.
pub fn device_control<D>(irp: &mut Irp<D, Control>) -> Option<u8> {
    let question = irp.input();
    let _ = irp.answer(b"answer"); //~ ERROR E0502
    question.first().copied()
}
