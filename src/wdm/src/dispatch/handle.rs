//! A handle, from `IRP_MJ_CREATE` over `IRP_MJ_CLEANUP` to `IRP_MJ_CLOSE`.
//!
//! See "Separate `DispatchCreate` and `DispatchClose` Routines":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/separate-dispatchcreate-and-dispatchclose-routines>.

// UNSAFETY: entry points with the I/O manager's raw pointers.
#![expect(unsafe_code, reason = "called by the I/O manager with raw pointers")]

use core::pin::Pin;
use core::ptr::NonNull;

use super::with_remove_lock;
use crate::call::Call;
use crate::device::Device;
use crate::device_object::Fdo;
use crate::file;
use crate::forward::forward_and_wait;
use crate::irp::{Irp, complete_empty};
use crate::state::Received;
use crate::status::NtStatus;
use crate::sys::{NTSTATUS, PDEVICE_OBJECT, PIRP, STATUS_SUCCESS};

/// # Context
///
/// IRQL `PASSIVE_LEVEL`, in the thread that opens the device.
///
/// # Safety
///
/// Called by the I/O manager, as are all functions of this kind here.
pub(super) unsafe extern "C" fn dispatch_create<D: Device>(
    device: PDEVICE_OBJECT,
    irp: PIRP,
) -> NTSTATUS {
    let handle = |fdo: Fdo<'_, D>, mut irp: Irp<D, Received>, call: &mut Call| {
        let status = if const { D::ROLE.is_filter() } {
            if irp.stack().file_object().is_none() {
                return irp.pass_down(call);
            }
            open_below(fdo, &mut irp, call)
        } else {
            irp.set_information(0);
            open(fdo, &irp, call).map_or_else(|status| status, |()| NtStatus::SUCCESS)
        };
        irp.complete(call, status)
    };
    // SAFETY: the I/O manager's call.
    unsafe { with_remove_lock::<D>(device, irp, handle) }
}

/// Begins with the handle that `irp` opens on a function driver's device.
fn open<D: Device>(
    fdo: Fdo<'_, D>,
    irp: &Irp<D, Received>,
    call: &mut Call,
) -> Result<(), NtStatus> {
    if irp.stack().opens_by_name() {
        return Err(NtStatus::OBJECT_NAME_NOT_FOUND);
    }
    if let Some(refusal) = fdo.header().lifecycle.refusal() {
        return Err(refusal);
    }
    begin(fdo, irp, call)?;
    if let Some(file) = irp.file() {
        fdo.device().opened(file, call);
    }
    Ok(())
}

/// Begins with the handle that `irp` opens, if the drivers below do. Returns the status to end it with.
fn open_below<D: Device>(fdo: Fdo<'_, D>, irp: &mut Irp<D, Received>, call: &mut Call) -> NtStatus {
    if let Err(status) = begin(fdo, irp, call) {
        return status;
    }
    let below = forward_and_wait(irp, call);
    if !below.is_success() {
        // SAFETY: the IRP of this call, and the handle will not be open.
        unsafe { file::detach::<D>(irp.as_raw()) };
    } else if let Some(file) = irp.file() {
        fdo.device().opened(file, call);
    }
    below
}

/// Makes what is kept for the handle that `irp` opens.
fn begin<D: Device>(
    fdo: Fdo<'_, D>,
    irp: &Irp<D, Received>,
    call: &mut Call,
) -> Result<(), NtStatus> {
    let file = irp.stack().file_object();
    let file = file.ok_or(NtStatus::INVALID_DEVICE_REQUEST)?;
    let state = fdo.device().create(call)?;
    // SAFETY: the file object of an `IRP_MJ_CREATE` is being opened, on this device.
    unsafe { file::attach::<D>(file, fdo, state) }
}

/// Always succeeds and takes no remove lock, so that handles can be closed after the device is gone
/// (INV-61). The handle keeps the device object.
///
/// # Context
///
/// IRQL `PASSIVE_LEVEL`, in the thread that closes the last handle of the file object.
///
/// # Safety
///
/// See [`dispatch_create`].
pub(super) unsafe extern "C" fn dispatch_cleanup<D: Device>(
    device: PDEVICE_OBJECT,
    irp: PIRP,
) -> NTSTATUS {
    if const { D::ROLE.is_filter() } {
        let handle = |fdo: Fdo<'_, D>, irp: Irp<D, Received>, call: &mut Call| {
            if let Some(file) = irp.file() {
                close(fdo, file, call);
            }
            irp.pass_down(call)
        };
        // SAFETY: the I/O manager's call.
        return unsafe { with_remove_lock::<D>(device, irp, handle) };
    }
    // SAFETY: a dispatch routine is called with no lock of this driver's held.
    let mut call = unsafe { Call::begin() };
    // SAFETY: the I/O manager passes no null pointer.
    let irp = unsafe { NonNull::new_unchecked(irp) };
    // SAFETY: the IRP of this call is this driver's, until the end.
    if let Some(file) = unsafe { file::of_irp::<D>(irp) } {
        // SAFETY: the handle keeps the device object.
        let fdo = unsafe { Fdo::<D>::of(device) };
        close(fdo, file, &mut call);
    }
    // SAFETY: this driver's until now.
    unsafe { complete_empty(irp, NtStatus::SUCCESS) };
    STATUS_SUCCESS
}

/// Ends what came through a handle.
#[inline]
fn close<D: Device>(fdo: Fdo<'_, D>, file: Pin<&D::File>, call: &mut Call) {
    fdo.device().queues(&mut |queue| queue.close(file, call));
    fdo.device().cleanup(file, call);
}

/// Always succeeds, see [`dispatch_cleanup`].
///
/// # Context
///
/// IRQL `PASSIVE_LEVEL`, in any thread.
///
/// # Safety
///
/// See [`dispatch_create`].
pub(super) unsafe extern "C" fn dispatch_close<D: Device>(
    device: PDEVICE_OBJECT,
    irp: PIRP,
) -> NTSTATUS {
    if const { D::ROLE.is_filter() } {
        let handle = |_: Fdo<'_, D>, irp: Irp<D, Received>, call: &mut Call| {
            // SAFETY: an `IRP_MJ_CLOSE`.
            unsafe { file::detach::<D>(irp.as_raw()) };
            irp.pass_down(call)
        };
        // SAFETY: the I/O manager's call.
        return unsafe { with_remove_lock::<D>(device, irp, handle) };
    }
    // SAFETY: the I/O manager passes no null pointer.
    let irp = unsafe { NonNull::new_unchecked(irp) };
    // SAFETY: an `IRP_MJ_CLOSE`.
    unsafe { file::detach::<D>(irp) };
    // SAFETY: the IRP of this call is this driver's until now.
    unsafe { complete_empty(irp, NtStatus::SUCCESS) };
    STATUS_SUCCESS
}
