//! Probing the addresses that a program gives.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::{enter, exports};
use crate::exception::{self, ACCESS_VIOLATION, Exception, MISALIGNMENT};
use crate::machine;
use crate::nt::{APC_LEVEL, user};
use crate::schedule;
use crate::world::step::Touches;

exports! { ProbeForRead, ProbeForWrite }

/// Raises an exception for an address.
pub fn refuse(address: usize, writes: bool) -> ! {
    exception::raise(Exception {
        code: ACCESS_VIOLATION,
        information: [usize::from(writes), address],
    })
}

/// Whether all of a range is of programs.
pub const fn is_user(address: usize, length: usize) -> bool {
    match address.checked_add(length) {
        Some(end) => end <= user::PROBE_ADDRESS,
        None => false,
    }
}

/// A point before it is looked whether a program has a range: it may free it.
pub fn look(address: usize, length: usize) {
    schedule::step("", 0, Touches::read(address, length.max(1)));
}

/// Whether a program has all of a range.
pub fn is_there(address: usize, length: usize) -> bool {
    let found = machine::with(|machine| machine.user.object_at(address));
    found.is_some_and(|(start, size, alive)| {
        alive && start <= address && address - start + length <= size.max(1)
    })
}

fn check_range(address: usize, length: usize, alignment: u32, writes: bool) {
    if !address.is_multiple_of(alignment.max(1) as usize) {
        exception::raise(Exception {
            code: MISALIGNMENT,
            information: [0; 2],
        });
    }
    if !is_user(address, length) {
        refuse(address, writes);
    }
}

/// Looks only at the addresses: the memory may be gone the next moment.
pub extern "win64" fn ProbeForRead(address: usize, length: usize, alignment: u32) {
    enter("ProbeForRead", APC_LEVEL);
    if length != 0 {
        check_range(address, length, alignment, false);
    }
}

/// Touches the memory as well.
pub extern "win64" fn ProbeForWrite(address: usize, length: usize, alignment: u32) {
    enter("ProbeForWrite", APC_LEVEL);
    if length != 0 {
        check_range(address, length, alignment, true);
        look(address, length);
        if !is_there(address, length) {
            refuse(address, true);
        }
    }
}
