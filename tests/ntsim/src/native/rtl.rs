//! Pool, strings, the registry, and the C runtime's memory routines.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::memory::{self, read, write};
use crate::nt::status::{OBJECT_NAME_NOT_FOUND, SUCCESS};
use crate::nt::unicode_string;

routines! {
    ExAllocatePool2, ExFreePool, ExFreePoolWithTag, ExFreePool2,
    RtlFreeUnicodeString, RtlQueryRegistryValues,
    memcpy, memmove, memset, memcmp, DbgPrint, DbgPrintEx,
}

static POOL_BYTES: AtomicUsize = AtomicUsize::new(0);
static POOL_CALLS: AtomicUsize = AtomicUsize::new(0);

/// Bytes taken now, and allocations ever.
pub fn pool_use() -> (usize, usize) {
    (
        POOL_BYTES.load(Ordering::Relaxed),
        POOL_CALLS.load(Ordering::Relaxed),
    )
}

pub extern "win64" fn ExAllocatePool2(_flags: u64, size: usize, _tag: u32) -> usize {
    POOL_BYTES.fetch_add(size, Ordering::Relaxed);
    POOL_CALLS.fetch_add(1, Ordering::Relaxed);
    memory::allocate(size)
}

pub extern "win64" fn ExFreePool(address: usize) {
    let size = memory::free(address);
    POOL_BYTES.fetch_sub(size, Ordering::Relaxed);
}

pub extern "win64" fn ExFreePoolWithTag(address: usize, _tag: u32) {
    ExFreePool(address);
}

pub extern "win64" fn ExFreePool2(address: usize, _tag: u32, _parameters: usize, _count: u32) {
    ExFreePool(address);
}

/// Makes a `UNICODE_STRING` of a text, which ends with a null character. It is freed by
/// [`RtlFreeUnicodeString`].
pub fn set_unicode(string: usize, text: &str) {
    let units: Vec<u8> = text
        .encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect();
    let buffer = memory::allocate(units.len());
    memory::store(buffer, &units);
    let length = units.len() as u16;
    write(string, length - 2);
    write(string + 2, length);
    write(string + unicode_string::BUFFER, buffer);
}

pub extern "win64" fn RtlFreeUnicodeString(string: usize) {
    let buffer = string + unicode_string::BUFFER;
    match read(buffer) {
        0usize => {}
        text => {
            memory::free(text);
            write(buffer, 0usize);
        }
    }
}

thread_local! {
    static PARAMETERS: RefCell<Vec<(String, u32)>> = const { RefCell::new(Vec::new()) };
}

/// What [`RtlQueryRegistryValues`] finds on this thread.
pub fn set_parameters(parameters: &[(&str, u32)]) {
    let owned = parameters
        .iter()
        .map(|&(name, value)| (name.to_owned(), value));
    PARAMETERS.set(owned.collect());
}

/// The text at an address, up to its null character.
fn text(mut address: usize) -> String {
    let mut units = Vec::new();
    loop {
        match read::<u16>(address) {
            0 => return String::from_utf16_lossy(&units),
            unit => units.push(unit),
        }
        address += 2;
    }
}

/// For tables whose entries want a `REG_DWORD` written to `EntryContext`.
pub extern "win64" fn RtlQueryRegistryValues(
    _relative: u32,
    _path: usize,
    table: usize,
    _context: usize,
    _environment: usize,
) -> u32 {
    const NAME: usize = 0x10;
    const ENTRY_CONTEXT: usize = 0x18;
    const SIZE: usize = 0x38;
    let mut entry = table;
    loop {
        let name: usize = read(entry + NAME);
        if name == 0 {
            return SUCCESS;
        }
        let name = text(name);
        let found = PARAMETERS.with_borrow(|all| all.iter().find(|it| it.0 == name).map(|it| it.1));
        match found {
            Some(value) => write(read(entry + ENTRY_CONTEXT), value),
            None => return OBJECT_NAME_NOT_FOUND,
        }
        entry += SIZE;
    }
}

pub extern "win64" fn memmove(to: usize, from: usize, length: usize) -> usize {
    memory::copy(from, to, length);
    to
}

pub extern "win64" fn memcpy(to: usize, from: usize, length: usize) -> usize {
    memory::copy(from, to, length);
    to
}

pub extern "win64" fn memset(to: usize, value: i32, length: usize) -> usize {
    memory::fill(to, length, value as u8);
    to
}

pub extern "win64" fn memcmp(one: usize, two: usize, length: usize) -> i32 {
    memory::load(one, length).cmp(&memory::load(two, length)) as i32
}

pub extern "win64" fn DbgPrint(_format: usize) -> u32 {
    SUCCESS
}

pub extern "win64" fn DbgPrintEx(_component: u32, _level: u32, _format: usize) -> u32 {
    SUCCESS
}
