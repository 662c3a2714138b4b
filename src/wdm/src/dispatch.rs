//! The entry points that the I/O manager knows of, and what each leaves to the driver.
//!
//! See "Writing Dispatch Routines":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/writing-dispatch-routines>.

// UNSAFETY: entry points with the I/O manager's raw pointers.
#![expect(unsafe_code, reason = "called by the I/O manager with raw pointers")]

mod handle;

use core::ptr::NonNull;

use self::handle::{dispatch_cleanup, dispatch_close, dispatch_create};
use crate::add_device::add_device;
use crate::call::Call;
use crate::device::Device;
use crate::device_object::{Fdo, Header};
use crate::irp::{Dispatched, Irp, clear_information, complete_empty};
use crate::pnp;
use crate::state::{Kind, Other, Read, Received, Write};
use crate::status::NtStatus;
use crate::sys::{
    DRIVER_OBJECT, IRP_MJ_CLEANUP, IRP_MJ_CLOSE, IRP_MJ_CREATE, IRP_MJ_DEVICE_CONTROL,
    IRP_MJ_INTERNAL_DEVICE_CONTROL, IRP_MJ_PNP, IRP_MJ_POWER, IRP_MJ_READ, IRP_MJ_SYSTEM_CONTROL,
    IRP_MJ_WRITE, METHOD_BUFFERED, METHOD_IN_DIRECT, METHOD_OUT_DIRECT, NTSTATUS, PDEVICE_OBJECT,
    PDRIVER_ADD_DEVICE, PDRIVER_DISPATCH, PDRIVER_OBJECT, PDRIVER_UNLOAD, PIRP, STATUS_SUCCESS,
};

/// The driver object that `DriverEntry` is given.
#[repr(transparent)]
pub struct DriverObject(DRIVER_OBJECT);

/// Fills in `driver`'s entry points for devices of kind `D`.
///
/// # Safety
///
/// `driver` is what `DriverEntry` was given, and this is called from there, once. `DriverEntry`
/// succeeds, so that `DriverUnload` will be called.
pub unsafe fn initialize_driver<D: Device>(driver: NonNull<DriverObject>) {
    if let Some(events) = D::EVENTS {
        // SAFETY: `driver_unload` unregisters it; registered nowhere else.
        unsafe { events.register() };
    }
    let driver = driver.cast::<DRIVER_OBJECT>().as_ptr();
    // SAFETY: the caller's driver object, which nobody else uses during `DriverEntry`.
    let entries = unsafe { &mut (*driver).MajorFunction };
    let mut set = |major: u32, routine: PDRIVER_DISPATCH| {
        if let Some(entry) = entries.get_mut(major as usize) {
            *entry = routine;
        }
    };
    if D::ROLE.is_filter() {
        (0..=IRP_MJ_PNP).for_each(|major| set(major, Some(dispatch_other::<D>)));
    }
    if D::ROLE.is_filter() || D::TRANSFERS.is_some() {
        set(IRP_MJ_READ, Some(dispatch_read::<D>));
        set(IRP_MJ_WRITE, Some(dispatch_write::<D>));
    }
    if D::ROLE.is_filter() || D::IS_INTERNAL {
        set(
            IRP_MJ_INTERNAL_DEVICE_CONTROL,
            Some(dispatch_internal_device_control::<D>),
        );
    }
    set(IRP_MJ_CREATE, Some(dispatch_create::<D>));
    set(IRP_MJ_CLEANUP, Some(dispatch_cleanup::<D>));
    set(IRP_MJ_CLOSE, Some(dispatch_close::<D>));
    set(IRP_MJ_DEVICE_CONTROL, Some(dispatch_device_control::<D>));
    set(IRP_MJ_PNP, Some(dispatch_pnp::<D>));
    set(IRP_MJ_POWER, Some(dispatch_power::<D>));
    set(IRP_MJ_SYSTEM_CONTROL, Some(dispatch_system_control::<D>));
    let unload: PDRIVER_UNLOAD = Some(driver_unload::<D>);
    // SAFETY: the caller's driver object, in `DriverEntry`.
    unsafe { (*driver).DriverUnload = unload };
    let add_device: PDRIVER_ADD_DEVICE = Some(driver_add_device::<D>);
    // SAFETY: the caller's driver object, in `DriverEntry`.
    let extension = unsafe { (*driver).DriverExtension };
    // SAFETY: the I/O manager makes it with the driver object.
    unsafe { (*extension).AddDevice = add_device };
}

/// # Context
///
/// IRQL `PASSIVE_LEVEL`, in a system thread. No device is left.
///
/// # Safety
///
/// Called by the I/O manager, as are all functions below.
unsafe extern "C" fn driver_unload<D: Device>(_driver: PDRIVER_OBJECT) {
    if let Some(events) = D::EVENTS {
        events.unregister();
    }
}

/// # Context
///
/// IRQL `PASSIVE_LEVEL`, in a system thread.
///
/// # Safety
///
/// See [`driver_unload`].
unsafe extern "C" fn driver_add_device<D: Device>(
    driver: PDRIVER_OBJECT,
    physical: PDEVICE_OBJECT,
) -> NTSTATUS {
    // SAFETY: the Plug and Play manager's call.
    match unsafe { add_device::<D>(driver, physical) } {
        Ok(()) => STATUS_SUCCESS,
        Err(status) => status.as_raw(),
    }
}

/// Takes the remove lock for an IRP. If the device is being removed, ends the IRP with
/// `STATUS_DELETE_PENDING`, and returns that (INV-65).
///
/// # Safety
///
/// Called from a dispatch routine with what the I/O manager gave it. If this fails, the IRP is gone.
#[inline]
unsafe fn acquire_remove_lock(
    device: PDEVICE_OBJECT,
    irp: PIRP,
) -> Result<(NonNull<Header>, NonNull<crate::sys::IRP>), NTSTATUS> {
    // SAFETY: the I/O manager passes no null pointer.
    let irp = unsafe { NonNull::new_unchecked(irp) };
    // SAFETY: the I/O manager calls with a live device of this driver's.
    let header = unsafe { Header::of_device(device) };
    // SAFETY: initialized before the device could be reached.
    match unsafe { header.as_ref() }.remove_lock.acquire(irp) {
        Ok(()) => Ok((header, irp)),
        Err(status) => {
            // SAFETY: the IRP of this call is this driver's.
            unsafe { complete_empty(irp, status) };
            Err(status.as_raw())
        }
    }
}

/// Holds the remove lock for the time of a dispatch call and lets `handle` deal with its IRP.
///
/// # Safety
///
/// Called from a dispatch routine with what the I/O manager gave it.
#[inline]
unsafe fn with_remove_lock<D: Device>(
    device: PDEVICE_OBJECT,
    irp: PIRP,
    handle: impl FnOnce(Fdo<'_, D>, Irp<D, Received>, &mut Call) -> Dispatched,
) -> NTSTATUS {
    // SAFETY: a dispatch routine is called with no lock of this driver's held.
    let mut call = unsafe { Call::begin() };
    // SAFETY: what the I/O manager called the dispatch routine with.
    let (header, raw) = match unsafe { acquire_remove_lock(device, irp) } {
        Ok(acquired) => acquired,
        Err(status) => return status,
    };
    // SAFETY: the remove lock keeps the device.
    let fdo = unsafe { Fdo::<D>::of(device) };
    // SAFETY: the IRP of this call is this driver's, and was sent to this device.
    let irp = unsafe { Irp::from_raw(raw) };
    let dispatched = handle(fdo, irp, &mut call);
    if !dispatched.is_removed() {
        // SAFETY: acquired above.
        unsafe { Header::release(header, raw) };
    }
    dispatched.status()
}

/// Takes a remove-lock reference that goes with the IRP: it is released when that is complete (INV-62).
///
/// # Safety
///
/// Called from a dispatch routine with what the I/O manager gave it: an IRP of this kind.
#[inline]
unsafe fn with_reference<D: Device, K: Kind>(
    device: PDEVICE_OBJECT,
    irp: PIRP,
    handle: impl FnOnce(Irp<D, K>, &mut Call) -> Dispatched,
) -> NTSTATUS {
    // SAFETY: a dispatch routine is called with no lock of this driver's held.
    let mut call = unsafe { Call::begin() };
    // SAFETY: what the I/O manager called the dispatch routine with.
    let (header, raw) = match unsafe { acquire_remove_lock(device, irp) } {
        Ok(acquired) => acquired,
        Err(status) => return status,
    };
    // SAFETY: the remove lock keeps the extension until the IRP is complete.
    let lifecycle = &unsafe { header.as_ref() }.lifecycle;
    // A filter leaves it to the drivers below to say so.
    let is_gone = const { !D::ROLE.is_filter() } && lifecycle.is_gone();
    // SAFETY: the IRP of this call is this driver's.
    unsafe { clear_information(raw) };
    // SAFETY: as above, with the reference.
    let irp = unsafe { Irp::<D, K>::from_raw(raw) };
    let dispatched = if is_gone {
        irp.complete(&mut call, NtStatus::DEVICE_REMOVED)
    } else {
        handle(irp, &mut call)
    };
    dispatched.status()
}

/// # Context
///
/// IRQL `PASSIVE_LEVEL` in the thread that sends the request; up to `DISPATCH_LEVEL` in any thread if
/// another driver does. So it is for all requests but those above and those for Plug and Play, power and WMI.
///
/// # Safety
///
/// See [`driver_unload`].
unsafe extern "C" fn dispatch_device_control<D: Device>(
    device: PDEVICE_OBJECT,
    irp: PIRP,
) -> NTSTATUS {
    let handle = |irp: Irp<D, Other>, call: &mut Call| {
        // SAFETY: a device control request.
        match unsafe { method(&irp) } {
            // SAFETY: seen here.
            METHOD_BUFFERED => D::device_control(unsafe { of_kind(irp) }, call),
            // SAFETY: no driver's own request.
            method => unsafe { unbuffered(irp, method, call) },
        }
    };
    // SAFETY: the I/O manager's call.
    unsafe { with_reference(device, irp, handle) }
}

/// # Context
///
/// See [`dispatch_device_control`].
///
/// # Safety
///
/// See [`driver_unload`].
unsafe extern "C" fn dispatch_internal_device_control<D: Device>(
    device: PDEVICE_OBJECT,
    irp: PIRP,
) -> NTSTATUS {
    let handle = |irp: Irp<D, Other>, call: &mut Call| {
        // SAFETY: a device control request.
        match unsafe { method(&irp) } {
            // SAFETY: seen here.
            METHOD_BUFFERED => D::internal_device_control(unsafe { of_kind(irp) }, call),
            _ => D::other(irp, call),
        }
    };
    // SAFETY: the I/O manager's call.
    unsafe { with_reference(device, irp, handle) }
}

/// Not inlined, so that it costs buffered requests nothing.
///
/// # Safety
///
/// `irp` is a device control request that has this method, and no internal one.
#[inline(never)]
unsafe fn unbuffered<D: Device>(irp: Irp<D, Other>, method: u32, call: &mut Call) -> Dispatched {
    match method {
        // SAFETY: of that method, by the caller.
        METHOD_IN_DIRECT => D::in_direct(unsafe { of_kind(irp) }, call),
        // SAFETY: of that method, by the caller.
        METHOD_OUT_DIRECT => D::out_direct(unsafe { of_kind(irp) }, call),
        _ => D::other(irp, call),
    }
}

/// How the data of a device control request comes. Nothing is looked at that a request with another method does not
/// have (TR-107).
///
/// # Safety
///
/// `irp` is one.
#[inline]
unsafe fn method<D>(irp: &Irp<D, Other>) -> u32 {
    // SAFETY: a device control request, by the caller.
    unsafe { irp.stack().device_control() }.code & 3
}

/// A request of which more is known now. The reference goes with it.
///
/// # Safety
///
/// It is of that kind.
#[inline]
unsafe fn of_kind<D, K: Kind>(irp: Irp<D, Other>) -> Irp<D, K> {
    // SAFETY: owned until here, and of that kind, by the caller.
    unsafe { Irp::from_raw(irp.into_raw()) }
}

/// # Context
///
/// See [`dispatch_device_control`].
///
/// # Safety
///
/// See [`driver_unload`].
unsafe extern "C" fn dispatch_read<D: Device>(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: the I/O manager's call.
    unsafe { with_reference::<D, Read>(device, irp, D::read) }
}

/// # Context
///
/// See [`dispatch_device_control`].
///
/// # Safety
///
/// See [`driver_unload`].
unsafe extern "C" fn dispatch_write<D: Device>(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: the I/O manager's call.
    unsafe { with_reference::<D, Write>(device, irp, D::write) }
}

/// A filter's, for what it has no other for.
///
/// # Context
///
/// See [`dispatch_device_control`].
///
/// # Safety
///
/// See [`driver_unload`].
unsafe extern "C" fn dispatch_other<D: Device>(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: the I/O manager's call.
    unsafe { with_reference::<D, Other>(device, irp, D::other) }
}

/// # Context
///
/// IRQL `PASSIVE_LEVEL`, in a system thread.
///
/// # Safety
///
/// See [`driver_unload`].
unsafe extern "C" fn dispatch_pnp<D: Device>(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: the I/O manager's call.
    unsafe { with_remove_lock::<D>(device, irp, pnp::dispatch) }
}

/// # Context
///
/// IRQL `PASSIVE_LEVEL`: the device has `DO_POWER_PAGABLE`.
///
/// # Safety
///
/// See [`driver_unload`].
unsafe extern "C" fn dispatch_power<D: Device>(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: the I/O manager's call.
    unsafe { with_remove_lock::<D>(device, irp, |_, irp, call| D::power(irp, call)) }
}

/// # Context
///
/// IRQL `PASSIVE_LEVEL`.
///
/// # Safety
///
/// See [`driver_unload`].
unsafe extern "C" fn dispatch_system_control<D: Device>(
    device: PDEVICE_OBJECT,
    irp: PIRP,
) -> NTSTATUS {
    // SAFETY: the I/O manager's call.
    unsafe { with_remove_lock::<D>(device, irp, |_, irp, call| D::system_control(irp, call)) }
}
