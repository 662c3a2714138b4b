//! csq.sys itself, in the simulated kernel and beside its model.

use differential::input;

/// See [`input::ioctl`].
pub fn ioctl(bytes: &[u8]) {
    hold(input::ioctl(bytes));
}

/// See [`input::sequence`].
pub fn sequence(bytes: &[u8]) {
    hold(input::sequence(bytes));
}

/// See [`input::race`].
pub fn race(bytes: &[u8]) {
    hold(input::race(bytes));
}

fn hold(judged: Result<(), String>) {
    if let Err(wrong) = judged {
        panic!("{wrong}");
    }
}
