//! Ob and Zw: references and handles.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::{enter, exports};
use crate::finding;
use crate::guest;
use crate::nt::status::{INVALID_HANDLE, SUCCESS};
use crate::nt::{DISPATCH_LEVEL, PASSIVE_LEVEL};
use crate::rule;
use crate::world;

exports! { ObReferenceObjectByHandle, ObfReferenceObject, ObfDereferenceObject, ZwClose }

pub extern "win64" fn ObReferenceObjectByHandle(
    handle: usize,
    _access: u32,
    _kind: usize,
    _mode: u8,
    object: usize,
    _information: usize,
) -> u32 {
    enter("ObReferenceObjectByHandle", PASSIVE_LEVEL);
    match world::with(|world| world.handles.get(&handle).copied()) {
        Some(found) => {
            guest::write(object, found);
            SUCCESS
        }
        None => INVALID_HANDLE,
    }
}

/// Objects live as long as the run; who counts references wrongly is not noticed.
pub extern "win64" fn ObfReferenceObject(_object: usize) -> isize {
    enter("ObfReferenceObject", DISPATCH_LEVEL);
    2
}

pub extern "win64" fn ObfDereferenceObject(_object: usize) -> isize {
    enter("ObfDereferenceObject", DISPATCH_LEVEL);
    1
}

pub extern "win64" fn ZwClose(handle: usize) -> u32 {
    enter("ZwClose", PASSIVE_LEVEL);
    if world::with(|world| world.handles.remove(&handle)).is_none() {
        finding::raise(
            &rule::object::BAD_HANDLE,
            format!("ZwClose of {handle:#x}, which is not open"),
        );
    }
    SUCCESS
}
