//! Ps: the one process and its threads.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::{PROCESS_ID, PsGetCurrentProcess};
use crate::ddi::{enter, exports};
use crate::guest;
use crate::nt::status::{INVALID_PARAMETER, SUCCESS};
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL};
use crate::world;

exports! {
    PsGetCurrentProcessId, PsGetCurrentThreadId, PsGetProcessId, PsGetThreadId, PsGetThreadProcessId, PsGetThreadProcess,
    IoThreadToProcess, PsLookupProcessByProcessId, PsLookupThreadByThreadId, PsIsSystemThread, PsGetProcessImageFileName,
    KeStackAttachProcess, KeUnstackDetachProcess, ExGetPreviousMode, ExUuidCreate, IoGetRequestorSessionId,
}

/// The number of the first thread.
const FIRST_THREAD: usize = 0x1000;

/// The number of a thread by its address.
fn thread_id(thread: usize) -> usize {
    let number = world::with(|world| {
        let mut threads = world.threads.iter();
        threads.position(|it| it.processor.thread == thread || it.object == Some(thread))
    });
    number.map_or(0, |number| FIRST_THREAD + number * 4)
}

pub extern "win64" fn PsGetCurrentProcessId() -> usize {
    enter("PsGetCurrentProcessId", DISPATCH_LEVEL);
    PROCESS_ID
}

pub extern "win64" fn PsGetCurrentThreadId() -> usize {
    enter("PsGetCurrentThreadId", DISPATCH_LEVEL);
    thread_id(super::PsGetCurrentThread())
}

pub extern "win64" fn PsGetProcessId(_process: usize) -> usize {
    PROCESS_ID
}

pub extern "win64" fn PsGetThreadId(thread: usize) -> usize {
    thread_id(thread)
}

pub extern "win64" fn PsGetThreadProcessId(_thread: usize) -> usize {
    PROCESS_ID
}

pub extern "win64" fn PsGetThreadProcess(_thread: usize) -> usize {
    PsGetCurrentProcess()
}

pub extern "win64" fn IoThreadToProcess(_thread: usize) -> usize {
    PsGetCurrentProcess()
}

fn reference(object: usize, place: usize) -> u32 {
    world::with(|world| *world.references.entry(object).or_default() += 1);
    guest::write(place, object);
    SUCCESS
}

pub extern "win64" fn PsLookupProcessByProcessId(id: usize, process: usize) -> u32 {
    enter("PsLookupProcessByProcessId", APC_LEVEL);
    if id != PROCESS_ID {
        return INVALID_PARAMETER;
    }
    reference(PsGetCurrentProcess(), process)
}

pub extern "win64" fn PsLookupThreadByThreadId(id: usize, thread: usize) -> u32 {
    enter("PsLookupThreadByThreadId", APC_LEVEL);
    let found = world::with(|world| {
        let number = id.checked_sub(FIRST_THREAD)? / 4;
        world.threads.get(number).map(|it| it.processor.thread)
    });
    match found {
        Some(found) => reference(found, thread),
        None => INVALID_PARAMETER,
    }
}

/// Whether the driver, or the kernel, has made the thread that runs.
fn is_system() -> bool {
    world::with(|world| {
        let thread = world.thread();
        thread.object.is_some() || !matches!(thread.name, "main" | "thread")
    })
}

pub extern "win64" fn PsIsSystemThread(_thread: usize) -> u8 {
    u8::from(is_system())
}

pub extern "win64" fn PsGetProcessImageFileName(process: usize) -> usize {
    const PLACE: usize = 0x80;
    guest::store(process + PLACE, b"program.exe\0");
    process + PLACE
}

pub extern "win64" fn KeStackAttachProcess(_process: usize, _state: usize) {
    enter("KeStackAttachProcess", DISPATCH_LEVEL);
}

pub extern "win64" fn KeUnstackDetachProcess(_state: usize) {
    enter("KeUnstackDetachProcess", DISPATCH_LEVEL);
}

pub extern "win64" fn ExGetPreviousMode() -> u8 {
    u8::from(!is_system())
}

pub extern "win64" fn ExUuidCreate(uuid: usize) -> u32 {
    enter("ExUuidCreate", APC_LEVEL);
    let number = world::with(|world| world.trace.len() as u64);
    guest::write(uuid, number);
    guest::write(uuid + size_of::<u64>(), 0x4e54_5349_4d00_0080_u64);
    SUCCESS
}

pub extern "win64" fn IoGetRequestorSessionId(_irp: usize, session: usize) -> u32 {
    guest::write(session, 1u32);
    SUCCESS
}
