//! Passing IRPs on, and sending new ones.
//!
//! UNSAFETY: moves IRPs along their stack locations, as the macros of `wdm.h` do.
#![expect(
    unsafe_code,
    reason = "writes stack locations of IRPs and hands IRPs to Wine"
)]

use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use crate::abi::{
    CompletionRoutine, DeviceObject, Irp, STATUS_MORE_PROCESSING_REQUIRED, StackLocation, Status,
};
use crate::base;
use crate::waiters::Waiters;

/// `IRP_MJ_CREATE`.
pub const CREATE: u8 = 0x00;
/// `IRP_MJ_CLOSE`.
pub const CLOSE: u8 = 0x02;
/// `IRP_MJ_CLEANUP`.
pub const CLEANUP: u8 = 0x12;
/// `IRP_MJ_POWER`.
pub const POWER: u8 = 0x16;
/// `IRP_MJ_SYSTEM_CONTROL`.
pub const SYSTEM_CONTROL: u8 = 0x17;
/// `IRP_MJ_PNP`.
pub const PNP: u8 = 0x1b;
/// `IRP_MN_REMOVE_DEVICE`.
pub const REMOVE_DEVICE: u8 = 0x02;

/// `SL_INVOKE_ON_CANCEL`, `SL_INVOKE_ON_SUCCESS` and `SL_INVOKE_ON_ERROR`.
const ALWAYS: u8 = 0x20 | 0x40 | 0x80;
/// `IRP_SYNCHRONOUS_API` and `IRP_CLOSE_OPERATION`.
const CLOSING: u32 = 0x04 | 0x400;

/// `UserMode`.
const USER_MODE: i8 = 1;

/// Completes `irp`.
///
/// # Safety
/// The caller owns it, and returns `status` from its dispatch routine.
pub unsafe fn complete(irp: *mut Irp, status: Status) -> Status {
    // SAFETY: the caller's.
    unsafe { (*irp).status = status };
    // SAFETY: as above.
    unsafe { (*irp).information = 0 };
    // SAFETY: as above; no use of it follows.
    unsafe { base::IofCompleteRequest(irp, 0) };
    status
}

/// `IoSkipCurrentIrpStackLocation`, and to the device below.
///
/// # Safety
/// The caller owns `irp`, and returns what this returns.
pub unsafe fn pass(irp: *mut Irp, lower: *mut DeviceObject) -> Status {
    // SAFETY: the caller's.
    unsafe { (*irp).current_location += 1 };
    // SAFETY: as above.
    let current = unsafe { (*irp).current_stack_location };
    // SAFETY: the caller's location is one of the IRP's.
    let above = unsafe { current.add(1) };
    // SAFETY: as above.
    unsafe { (*irp).current_stack_location = above };
    // SAFETY: the location below is the device's now.
    unsafe { base::IofCallDriver(lower, irp) }
}

/// `IoCopyCurrentIrpStackLocationToNext` and `IoSetCompletionRoutine`, and to the device below.
///
/// # Safety
/// The caller owns `irp` and returns what this returns; it has a location left.
pub unsafe fn pass_and_hear(
    irp: *mut Irp,
    lower: *mut DeviceObject,
    routine: CompletionRoutine,
    context: *mut c_void,
) -> Status {
    // SAFETY: the caller's.
    let current = unsafe { (*irp).current_stack_location };
    // SAFETY: the caller's own location.
    let copy = unsafe { *current };
    // SAFETY: there is one left, by the caller's word.
    let next = unsafe { current.sub(1) };
    let location = StackLocation {
        control: ALWAYS,
        completion_routine: Some(routine),
        context,
        ..copy
    };
    // SAFETY: as above.
    unsafe { next.write(location) };
    // SAFETY: the location below is filled in.
    unsafe { base::IofCallDriver(lower, irp) }
}

/// The end of an IRP that [`send`] has sent.
#[derive(Default)]
struct Ended {
    flag: AtomicBool,
    waiters: Waiters,
}

/// Sends a new IRP `major` for `file` and waits for its end, for `limit` at most; false when it did
/// not come. `thread` is the thread whose handle it was.
///
/// # Safety
/// `lower` and `file` exist until this returns.
pub unsafe fn send(
    lower: *mut DeviceObject,
    major: u8,
    file: *mut c_void,
    thread: *mut c_void,
    limit: Duration,
) -> bool {
    // SAFETY: exists.
    let size = unsafe { (*lower).stack_size };
    // SAFETY: any size will do.
    let irp = unsafe { base::IoAllocateIrp(size, 0) };
    // SAFETY: nobody else has it yet.
    let Some(fields) = (unsafe { irp.as_mut() }) else {
        return false;
    };
    fields.flags |= CLOSING;
    fields.requestor_mode = USER_MODE;
    fields.thread = thread;
    fields.original_file_object = file;
    // SAFETY: the first driver's location, which every IRP has.
    let next = unsafe { fields.current_stack_location.sub(1) };
    // SAFETY: as above.
    let next = unsafe { &mut *next };
    let ended = Arc::new(Ended::default());
    next.major = major;
    next.file = file;
    next.control = ALWAYS;
    next.completion_routine = Some(keep);
    next.context = Arc::into_raw(Arc::clone(&ended)).cast_mut().cast();
    // SAFETY: the location is filled in.
    unsafe { base::IofCallDriver(lower, irp) };
    let in_time = ended
        .waiters
        .wait_for(limit, || ended.flag.load(Ordering::SeqCst));
    if in_time {
        // SAFETY: complete, and kept by the completion routine. Otherwise the driver has it still.
        unsafe { base::IoFreeIrp(irp) };
    }
    in_time
}

/// Says that an IRP of [`send`] is complete, and keeps it.
///
/// # Safety
/// Called once, when an IRP of [`send`] is complete.
unsafe extern "system" fn keep(_: *mut DeviceObject, _: *mut Irp, context: *mut c_void) -> Status {
    // SAFETY: made by `send`, and given to this call.
    let ended = unsafe { Arc::from_raw(context.cast::<Ended>()) };
    ended.flag.store(true, Ordering::SeqCst);
    ended.waiters.wake();
    STATUS_MORE_PROCESSING_REQUIRED
}
