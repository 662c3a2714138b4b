//! How an IRP ends: its status, `IoCompleteRequest`, and the remove lock.

// UNSAFETY: writes to IRPs and completes them.
#![expect(unsafe_code, reason = "sets fields of IRPs and completes them")]

use core::ptr::NonNull;

use crate::buffer::Written;
use crate::device_object::Header;
use crate::remove_lock::RemoveLock;
use crate::status::NtStatus;
use crate::sys::{IRP, IofCompleteRequest, NO_INCREMENT, io_status};

/// How to end an IRP: what `IoStatus` becomes.
#[derive(Clone, Copy, Debug)]
pub struct Completion {
    status: NtStatus,
    information: Written,
}

impl Completion {
    /// With an answer of which so much was written to the IRP's buffer.
    #[must_use]
    pub const fn answered(status: NtStatus, information: Written) -> Self {
        Self {
            status,
            information,
        }
    }

    pub(super) const fn status(self) -> NtStatus {
        self.status
    }
}

impl From<NtStatus> for Completion {
    /// With a status and no answer.
    fn from(status: NtStatus) -> Self {
        Self {
            status,
            information: Written::NONE,
        }
    }
}

/// Calls `IoCompleteRequest` and then gives back the remove-lock reference (INV-62, TR-65). Nothing
/// of the IRP or, without a reference of its own, of the device may be used afterwards.
///
/// # Safety
///
/// The caller owns `irp`, whose status is set, and the remove-lock reference that was taken for it,
/// and gives up both.
pub(super) unsafe fn complete(irp: NonNull<IRP>) {
    // SAFETY: by the caller.
    let header = unsafe { Header::of_irp(irp) };
    // SAFETY: by the caller.
    unsafe { complete_request(irp) };
    // SAFETY: by the caller.
    unsafe { release_remove_lock(header, irp) };
}

/// Completes an IRP for which no remove-lock reference is held.
///
/// # Safety
///
/// The caller owns `irp` and gives it up.
pub(crate) unsafe fn complete_unlocked(irp: NonNull<IRP>, completion: Completion) {
    // SAFETY: by the caller.
    unsafe { set_io_status(irp, completion) };
    // SAFETY: by the caller.
    unsafe { complete_request(irp) };
}

/// Sets `IoStatus`.
///
/// # Safety
///
/// The caller owns `irp`.
pub(super) unsafe fn set_io_status(irp: NonNull<IRP>, completion: Completion) {
    // SAFETY: by the caller.
    let status = unsafe { io_status(irp.as_ptr()) };
    // SAFETY: a field of the caller's IRP.
    unsafe { *status = completion.status.as_raw() };
    // SAFETY: the caller's IRP.
    unsafe { (*irp.as_ptr()).IoStatus.Information = completion.information.bytes() as u64 };
}

/// `IoCompleteRequest`.
///
/// # Safety
///
/// The caller owns `irp`, whose status is set, and gives it up.
unsafe fn complete_request(irp: NonNull<IRP>) {
    // SAFETY: by the caller. It has no cancel routine: it was either never queued or has been
    // removed (INV-53).
    unsafe { IofCompleteRequest(irp.as_ptr(), NO_INCREMENT) };
}

/// Gives back the remove-lock reference that was taken for the IRP that was at `irp`.
///
/// # Safety
///
/// The reference is the caller's, and `header` is of the device the IRP was sent to.
pub(super) unsafe fn release_remove_lock(header: NonNull<Header>, irp: NonNull<IRP>) {
    // SAFETY: the reference keeps the extension alive.
    let lock: *const RemoveLock = unsafe { &raw const (*header.as_ptr()).remove_lock };
    // SAFETY: a field of a live structure is not null.
    let lock = unsafe { NonNull::new_unchecked(lock.cast_mut()) };
    // SAFETY: by the caller.
    unsafe { RemoveLock::release(lock, irp) };
}
