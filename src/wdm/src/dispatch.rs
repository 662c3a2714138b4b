//! The entry points the I/O manager knows of, and what each leaves to the driver.
//!
//! | the I/O manager calls | the driver implements |
//! |---|---|
//! | `AddDevice` | [`Device::new`], [`Device::initialize`] |
//! | `IRP_MJ_CREATE` | [`Device::create`] |
//! | `IRP_MJ_CLEANUP` | [`Device::cleanup`] |
//! | `IRP_MJ_CLOSE` | [`Device::close`] |
//! | `IRP_MJ_DEVICE_CONTROL` | [`Device::device_control`] |
//! | `IRP_MJ_PNP` | [`Device::plug_and_play`] |
//! | `IRP_MJ_POWER` | [`Device::power`] |
//! | `IRP_MJ_SYSTEM_CONTROL` | nothing: passed down |
//!
//! See "Writing Dispatch Routines":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/writing-dispatch-routines>.

// UNSAFETY: entry points with the I/O manager's raw pointers.
#![expect(unsafe_code, reason = "called by the I/O manager with raw pointers")]

use core::pin::Pin;
use core::ptr::{NonNull, null_mut};

use crate::csq::RequestQueues;
use crate::device_object::{self, Fdo, Header, InterfaceClass};
use crate::file_context::FileContext;
use crate::irp::{self, Control, Dispatched, Irp, Received};
use crate::pool::PoolBox;
use crate::stack_location::StackLocation;
use crate::status::NtStatus;
use crate::sys::{
    DRIVER_OBJECT, IRP, IRP_MJ_CLEANUP, IRP_MJ_CLOSE, IRP_MJ_CREATE, IRP_MJ_DEVICE_CONTROL,
    IRP_MJ_PNP, IRP_MJ_POWER, IRP_MJ_SYSTEM_CONTROL, NTSTATUS, PDEVICE_OBJECT, PDRIVER_ADD_DEVICE,
    PDRIVER_DISPATCH, PDRIVER_OBJECT, PDRIVER_UNLOAD, PIRP,
};
use crate::trace::Provider;

/// The driver object that `DriverEntry` is given.
#[repr(transparent)]
pub struct DriverObject(DRIVER_OBJECT);

/// A kind of device: its state, which lives in the device extension, and its routines.
///
/// # Context
///
/// All routines are called at IRQL `PASSIVE_LEVEL`; [`device_control`](Self::device_control) may be
/// called at up to `DISPATCH_LEVEL` by another driver. While one of them that is given an IRP runs,
/// the remove lock keeps the device.
pub trait Device: Sized + Send + Sync + 'static {
    /// The interface by which programs find the device.
    const INTERFACE: InterfaceClass;
    /// The events of the driver.
    const EVENTS: &'static Provider;

    /// The state of a new device, before it is in place.
    fn new() -> Self;

    /// Finishes the state in place. Nothing can reach the device yet.
    ///
    /// # Errors
    ///
    /// `AddDevice` fails with what this returns.
    fn initialize(self: Pin<&Self>) -> Result<(), NtStatus>;

    /// The queues of the device, whose slots are freed when it is removed.
    fn queues(self: Pin<&Self>) -> Pin<&RequestQueues>;

    /// Makes what the device keeps for a new handle. There is nothing below the device: to open it with a
    /// name after its own fails with `STATUS_OBJECT_NAME_NOT_FOUND`.
    ///
    /// # Errors
    ///
    /// The program's attempt to open the device fails with what this returns.
    fn create(self: Pin<&Self>) -> Result<PoolBox<FileContext>, NtStatus>;

    /// Ends the requests of a handle whose last reference is closed. It can have no new ones.
    fn cleanup(self: Pin<&Self>, file: &FileContext);

    /// Ends what [`create`](Self::create) began; the last request of the handle is over.
    fn close(self: Pin<&Self>, file: PoolBox<FileContext>);

    /// Whether the device is gone for good, although handles may be open still. They are of no more
    /// use: device control requests are answered with `STATUS_DEVICE_REMOVED` (INV-65).
    fn is_gone(self: Pin<&Self>) -> bool;

    /// Answers or keeps a device control request with buffered I/O. Others are answered with
    /// `STATUS_INVALID_DEVICE_REQUEST`.
    fn device_control(self: Pin<&Self>, irp: Irp<Control>) -> Dispatched;

    /// Takes part in starting, stopping and removing the device.
    fn plug_and_play(fdo: Fdo<'_, Self>, irp: Irp<Received>) -> Dispatched;

    /// Takes part in changes of the power state.
    fn power(self: Pin<&Self>, irp: Irp<Received>) -> Dispatched;
}

/// Registers the provider of `D`'s events and fills in `driver`'s entry points for devices of kind
/// `D`. Requests of a kind that has none are answered by the I/O manager with
/// `STATUS_INVALID_DEVICE_REQUEST` (INV-73).
///
/// # Safety
///
/// `driver` is what `DriverEntry` was given, and this is called from there, once. `DriverEntry`
/// succeeds, so that `DriverUnload` will be called.
pub unsafe fn initialize_driver<D: Device>(driver: NonNull<DriverObject>) {
    // SAFETY: `driver_unload` unregisters it. By the caller it is not registered yet.
    unsafe { D::EVENTS.register() };
    let driver = driver.cast::<DRIVER_OBJECT>().as_ptr();
    let table: [(u32, PDRIVER_DISPATCH); 7] = [
        (IRP_MJ_CREATE, Some(create::<D>)),
        (IRP_MJ_CLEANUP, Some(cleanup::<D>)),
        (IRP_MJ_CLOSE, Some(close::<D>)),
        (IRP_MJ_DEVICE_CONTROL, Some(device_control::<D>)),
        (IRP_MJ_PNP, Some(plug_and_play::<D>)),
        (IRP_MJ_POWER, Some(power::<D>)),
        (IRP_MJ_SYSTEM_CONTROL, Some(system_control)),
    ];
    // SAFETY: by the caller.
    let entries = unsafe { &mut (*driver).MajorFunction };
    for (major, routine) in table {
        if let Some(entry) = entries.get_mut(major as usize) {
            *entry = routine;
        }
    }
    let unload: PDRIVER_UNLOAD = Some(driver_unload::<D>);
    // SAFETY: by the caller.
    unsafe { (*driver).DriverUnload = unload };
    let add_device: PDRIVER_ADD_DEVICE = Some(add_device::<D>);
    // SAFETY: by the caller.
    let extension = unsafe { (*driver).DriverExtension };
    // SAFETY: the I/O manager makes the extension with the driver object.
    unsafe { (*extension).AddDevice = add_device };
}

/// `DriverUnload`: only the provider of events is left to undo. The Plug and Play manager has
/// removed every device, and their removal has waited for every IRP (INV-64).
///
/// # Safety
///
/// Called by the I/O manager, at IRQL `PASSIVE_LEVEL`.
unsafe extern "C" fn driver_unload<D: Device>(_driver: PDRIVER_OBJECT) {
    D::EVENTS.unregister();
}

/// # Safety
///
/// Called by the Plug and Play manager, at IRQL `PASSIVE_LEVEL`.
unsafe extern "C" fn add_device<D: Device>(
    driver: PDRIVER_OBJECT,
    physical: PDEVICE_OBJECT,
) -> NTSTATUS {
    // SAFETY: by the caller.
    match unsafe { device_object::add_device::<D>(driver, physical) } {
        Ok(()) => NtStatus::SUCCESS.as_raw(),
        Err(status) => status.as_raw(),
    }
}

/// Takes the remove lock for an IRP and lets `handle` deal with it; an IRP that comes when the
/// device is being removed is answered with `STATUS_DELETE_PENDING` (INV-65).
///
/// # Safety
///
/// Called from a dispatch routine with what the I/O manager gave it.
unsafe fn with_remove_lock(
    device: PDEVICE_OBJECT,
    irp: PIRP,
    handle: impl FnOnce(Irp<Received>) -> Dispatched,
) -> NTSTATUS {
    // SAFETY: the I/O manager passes no null pointer.
    let irp = unsafe { NonNull::new_unchecked(irp) };
    // SAFETY: the I/O manager calls with a live device of this driver's.
    let header = unsafe { Header::of_device(device) };
    // SAFETY: as above.
    let acquired = unsafe { header.as_ref() }.remove_lock.acquire(irp);
    let status = match acquired {
        // SAFETY: the IRP of this call is this driver's, and a reference was just taken for it.
        Ok(()) => handle(unsafe { Irp::from_raw(irp) }).status(),
        // SAFETY: the IRP of this call is this driver's.
        Err(status) => unsafe { complete_unlocked(irp, status) },
    };
    status.as_raw()
}

/// Ends an IRP for which no remove-lock reference is held. Returns `status` (INV-72).
///
/// # Safety
///
/// The caller owns `irp` and gives it up.
unsafe fn complete_unlocked(irp: NonNull<IRP>, status: NtStatus) -> NtStatus {
    // SAFETY: by the caller.
    unsafe { irp::complete_unlocked(irp, status.into()) };
    status
}

/// # Safety
///
/// Called by the I/O manager for a device of [`add_device`].
unsafe extern "C" fn create<D: Device>(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: by the caller.
    let fdo = unsafe { Fdo::<D>::of(device) };
    let handle = |irp: Irp<Received>| {
        let Some(file) = irp.stack().file_object() else {
            return irp.complete(NtStatus::INVALID_DEVICE_REQUEST);
        };
        if irp.stack().opens_by_name() {
            return irp.complete(NtStatus::OBJECT_NAME_NOT_FOUND);
        }
        match fdo.device().create() {
            Ok(context) => {
                let context = PoolBox::into_raw(context);
                // SAFETY: the file object is being opened on this device, so the field is this
                // driver's, and nobody else has the file object yet.
                unsafe { (*file.as_ptr()).FsContext = context.as_ptr().cast() };
                irp.complete(NtStatus::SUCCESS)
            }
            Err(status) => irp.complete(status),
        }
    };
    // SAFETY: by the caller.
    unsafe { with_remove_lock(device, irp, handle) }
}

/// Always succeeds and takes no remove lock, so that handles can be closed after the device is
/// gone (INV-61).
///
/// # Safety
///
/// Called by the I/O manager for a device of [`add_device`].
unsafe extern "C" fn cleanup<D: Device>(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: the I/O manager passes no null pointer.
    let irp = unsafe { NonNull::new_unchecked(irp) };
    // SAFETY: the IRP of this call is this driver's.
    let stack = unsafe { StackLocation::of(irp) };
    if let Some(context) = stack.file_context() {
        // SAFETY: the context lives until the file object's `IRP_MJ_CLOSE`, which comes later.
        let file = unsafe { context.as_ref() };
        // SAFETY: by the caller.
        let fdo = unsafe { Fdo::<D>::of(device) };
        fdo.device().cleanup(file);
    }
    // SAFETY: the IRP of this call is this driver's.
    unsafe { complete_unlocked(irp, NtStatus::SUCCESS) }.as_raw()
}

/// Always succeeds, see [`cleanup`].
///
/// # Safety
///
/// Called by the I/O manager for a device of [`add_device`].
unsafe extern "C" fn close<D: Device>(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: the I/O manager passes no null pointer.
    let irp = unsafe { NonNull::new_unchecked(irp) };
    // SAFETY: the IRP of this call is this driver's.
    let stack = unsafe { StackLocation::of(irp) };
    if let (Some(file), Some(context)) = (stack.file_object(), stack.file_context()) {
        // SAFETY: the last IRP of the file object; the field is this driver's.
        unsafe { (*file.as_ptr()).FsContext = null_mut() };
        // SAFETY: put there by `create`, and nobody else uses it any more.
        let context = unsafe { PoolBox::from_raw(context) };
        // SAFETY: by the caller.
        let fdo = unsafe { Fdo::<D>::of(device) };
        fdo.device().close(context);
    }
    // SAFETY: the IRP of this call is this driver's.
    unsafe { complete_unlocked(irp, NtStatus::SUCCESS) }.as_raw()
}

/// # Safety
///
/// Called by the I/O manager for a device of [`add_device`].
unsafe extern "C" fn device_control<D: Device>(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: by the caller.
    let fdo = unsafe { Fdo::<D>::of(device) };
    let handle = |irp: Irp<Received>| {
        if fdo.device().is_gone() {
            return irp.complete(NtStatus::DEVICE_REMOVED);
        }
        // SAFETY: this is that dispatch routine.
        match unsafe { irp.into_control() } {
            Ok(irp) => fdo.device().device_control(irp),
            Err(irp) => irp.complete(NtStatus::INVALID_DEVICE_REQUEST),
        }
    };
    // SAFETY: by the caller.
    unsafe { with_remove_lock(device, irp, handle) }
}

/// # Safety
///
/// Called by the Plug and Play manager for a device of [`add_device`].
unsafe extern "C" fn plug_and_play<D: Device>(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: by the caller.
    let fdo = unsafe { Fdo::<D>::of(device) };
    // SAFETY: by the caller.
    unsafe { with_remove_lock(device, irp, |irp| D::plug_and_play(fdo, irp)) }
}

/// # Safety
///
/// Called by the power manager for a device of [`add_device`].
unsafe extern "C" fn power<D: Device>(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: by the caller.
    let fdo = unsafe { Fdo::<D>::of(device) };
    // SAFETY: by the caller.
    unsafe { with_remove_lock(device, irp, |irp| fdo.device().power(irp)) }
}

/// # Safety
///
/// Called by the I/O manager for a device of [`add_device`].
unsafe extern "C" fn system_control(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: by the caller. The driver provides no WMI data of its own.
    unsafe { with_remove_lock(device, irp, Irp::pass_down) }
}
