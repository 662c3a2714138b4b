//! Ob: references to objects.
//!
//! A program has two events open, whose handles a scenario may give to a driver: see [`EVENTS`].
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::{enter, exports};
use crate::finding;
use crate::guest;
use crate::machine;
use crate::nt::status::{INVALID_HANDLE, OBJECT_TYPE_MISMATCH, SUCCESS};
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL, PASSIVE_LEVEL};
use crate::rule;
use crate::schedule;
use crate::world;
use crate::world::dispatcher::Dispatcher;

exports! {
    ObReferenceObjectByHandle, ObReferenceObjectByHandleWithTag, ObReferenceObjectByPointer,
    ObReferenceObjectByPointerWithTag, ObfReferenceObject, ObfReferenceObjectWithTag, ObfDereferenceObject,
    ObfDereferenceObjectWithTag, ObDereferenceObjectDeferDelete, ObOpenObjectByPointer, ObCloseHandle, ObGetObjectType,
}

/// The handles of the events that a program has open, and whether each is a notification event.
pub const EVENTS: [(usize, bool); 2] = [(0x44, true), (0x48, false)];
/// Handles from here on are the kernel's own.
const KERNEL: usize = 0x8000_0000;
/// `UserMode`.
const USER: u8 = 1;
/// `sizeof(KEVENT)`.
const EVENT: usize = 0x18;

/// An event of the program; it is made when a driver first asks for it.
fn event(handle: usize, notification: bool) -> usize {
    if let Some(object) = world::with(|world| world.user_handles.get(&handle).copied()) {
        return object;
    }
    let object = world::allocate(EVENT, 0).unwrap_or(0);
    world::with(|world| {
        world.user_handles.insert(handle, object);
        let state = Dispatcher::Event {
            notification,
            signaled: false,
        };
        world.dispatchers.initialize(object, state);
    });
    object
}

/// The object of a handle, and the variable that names its type.
fn lookup(handle: usize) -> Option<(usize, &'static str)> {
    const CURRENT_PROCESS: usize = usize::MAX;
    const CURRENT_THREAD: usize = usize::MAX - 1;
    match handle {
        CURRENT_PROCESS => return Some((super::ps::PsGetCurrentProcess(), "PsProcessType")),
        CURRENT_THREAD => return Some((super::ps::PsGetCurrentThread(), "PsThreadType")),
        _ => {}
    }
    if let Some((_, notification)) = EVENTS.iter().find(|(own, _)| *own == handle) {
        return Some((event(handle, *notification), "ExEventObjectType"));
    }
    world::with(|world| {
        let object = world.handles.get(&handle).copied()?;
        let kind = match world.dispatchers.get_mut(object) {
            Some(Dispatcher::Thread { .. }) => "PsThreadType",
            Some(Dispatcher::Event { .. }) => "ExEventObjectType",
            Some(Dispatcher::Semaphore { .. }) => "ExSemaphoreObjectType",
            _ => match world.named.get(&object) {
                Some(world::handle::Named::Key(_)) => "CmKeyObjectType",
                _ => "IoFileObjectType",
            },
        };
        Some((object, kind))
    })
}

fn change(object: usize, by: i64) -> i64 {
    world::with(|world| {
        let count = world.references.entry(object).or_default();
        *count += by;
        let now = *count;
        if now == 0 {
            world.references.remove(&object);
        }
        now
    })
}

pub extern "win64" fn ObReferenceObjectByHandle(
    handle: usize,
    _access: u32,
    kind: usize,
    mode: u8,
    object: usize,
    _information: usize,
) -> u32 {
    enter("ObReferenceObjectByHandle", PASSIVE_LEVEL);
    let is_kernel = (KERNEL..usize::MAX - 1).contains(&handle);
    if mode == USER && is_kernel {
        return INVALID_HANDLE;
    }
    let Some((found, variable)) = lookup(handle) else {
        return INVALID_HANDLE;
    };
    if mode != USER && EVENTS.iter().any(|(own, _)| *own == handle) {
        finding::raise(
            &rule::object::USER_HANDLE,
            format!(
                "ObReferenceObjectByHandle was called for the program's handle {handle:#x} with KernelMode"
            ),
        );
    }
    if kind != 0 && kind != machine::with(|machine| machine.type_of(variable)) {
        return OBJECT_TYPE_MISMATCH;
    }
    change(found, 1);
    guest::write(object, found);
    SUCCESS
}

pub extern "win64" fn ObReferenceObjectByHandleWithTag(
    handle: usize,
    access: u32,
    kind: usize,
    mode: u8,
    _tag: u32,
    object: usize,
    information: usize,
) -> u32 {
    ObReferenceObjectByHandle(handle, access, kind, mode, object, information)
}

pub extern "win64" fn ObReferenceObjectByPointer(
    object: usize,
    _access: u32,
    _kind: usize,
    _mode: u8,
) -> u32 {
    enter("ObReferenceObjectByPointer", DISPATCH_LEVEL);
    change(object, 1);
    SUCCESS
}

pub extern "win64" fn ObReferenceObjectByPointerWithTag(
    object: usize,
    access: u32,
    kind: usize,
    mode: u8,
    _tag: u32,
) -> u32 {
    ObReferenceObjectByPointer(object, access, kind, mode)
}

pub extern "win64" fn ObfReferenceObject(object: usize) -> isize {
    enter("ObfReferenceObject", DISPATCH_LEVEL);
    change(object, 1) as isize + 1
}

pub extern "win64" fn ObfReferenceObjectWithTag(object: usize, _tag: u32) -> isize {
    ObfReferenceObject(object)
}

/// Who touches the object after that has no business there; but objects live as long as the run.
pub extern "win64" fn ObfDereferenceObject(object: usize) -> isize {
    enter("ObfDereferenceObject", DISPATCH_LEVEL);
    schedule::counter_point("ObDereferenceObject", object, 1);
    let now = change(object, -1);
    if now < 0 {
        let name = world::with(|world| world.object_name(object));
        finding::raise(
            &rule::object::OVER_DEREFERENCED,
            format!("ObDereferenceObject was called for {name} more often than it was referenced"),
        );
    }
    now as isize + 1
}

pub extern "win64" fn ObfDereferenceObjectWithTag(object: usize, _tag: u32) -> isize {
    ObfDereferenceObject(object)
}

pub extern "win64" fn ObDereferenceObjectDeferDelete(object: usize) {
    ObfDereferenceObject(object);
}

pub extern "win64" fn ObOpenObjectByPointer(
    object: usize,
    _attributes: u32,
    _state: usize,
    _access: u32,
    _kind: usize,
    _mode: u8,
    handle: usize,
) -> u32 {
    enter("ObOpenObjectByPointer", PASSIVE_LEVEL);
    let value = world::with(|world| world.new_handle(object));
    guest::write(handle, value);
    SUCCESS
}

pub extern "win64" fn ObCloseHandle(handle: usize, _mode: u8) -> u32 {
    enter("ObCloseHandle", APC_LEVEL);
    super::zw::ZwClose(handle)
}

pub extern "win64" fn ObGetObjectType(_object: usize) -> usize {
    machine::with(|machine| machine.type_of("IoFileObjectType"))
}
