//! Mm: the addresses of routines, and of locked pages.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::{enter, exports};
use crate::finding;
use crate::nt::{DISPATCH_LEVEL, PASSIVE_LEVEL, mdl, unicode_string};
use crate::rule;

exports! { MmGetSystemRoutineAddress, MmMapLockedPagesSpecifyCache }

pub extern "win64" fn MmGetSystemRoutineAddress(name: usize) -> usize {
    enter("MmGetSystemRoutineAddress", PASSIVE_LEVEL);
    super::find(&unicode_string::text(name)).unwrap_or(0)
}

pub extern "win64" fn MmMapLockedPagesSpecifyCache(
    list: usize,
    _mode: u8,
    _cache: i32,
    _base: usize,
    _bug_check: u32,
    _priority: u32,
) -> usize {
    enter("MmMapLockedPagesSpecifyCache", DISPATCH_LEVEL);
    match mdl::map(list) {
        Some(address) => address,
        None => finding::raise(
            &rule::buffer::NOT_TO_BE_MAPPED,
            "the pages are not locked, or are mapped already".to_owned(),
        ),
    }
}
