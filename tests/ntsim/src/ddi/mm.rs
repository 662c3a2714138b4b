//! Mm: the addresses of routines.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::{enter, exports};
use crate::nt::PASSIVE_LEVEL;
use crate::nt::unicode_string;

exports! { MmGetSystemRoutineAddress }

pub extern "win64" fn MmGetSystemRoutineAddress(name: usize) -> usize {
    enter("MmGetSystemRoutineAddress", PASSIVE_LEVEL);
    super::find(&unicode_string::text(name)).unwrap_or(0)
}
