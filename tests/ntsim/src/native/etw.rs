//! Event tracing, which nobody listens to.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::memory::write;
use crate::nt::status::SUCCESS;

routines! { EtwRegister, EtwUnregister, EtwSetInformation, EtwWriteTransfer }

pub extern "win64" fn EtwRegister(
    _provider: usize,
    _routine: usize,
    _context: usize,
    handle: usize,
) -> u32 {
    write(handle, 1u64);
    SUCCESS
}

pub extern "win64" fn EtwUnregister(_handle: u64) -> u32 {
    SUCCESS
}

pub extern "win64" fn EtwSetInformation(
    _handle: u64,
    _class: u32,
    _information: usize,
    _length: u32,
) -> u32 {
    SUCCESS
}

pub extern "win64" fn EtwWriteTransfer(
    _handle: u64,
    _descriptor: usize,
    _activity: usize,
    _related: usize,
    _count: u32,
    _data: usize,
) -> u32 {
    SUCCESS
}
