//! The functional device object: made by `AddDevice`, attached to the stack of its physical device.
//!
//! See "Writing an `AddDevice` Routine":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/writing-an-adddevice-routine>.

// UNSAFETY: builds an object in memory that the I/O manager allocates.
#![expect(
    unsafe_code,
    reason = "creates device objects and initializes their extensions"
)]

use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::ptr::{NonNull, null_mut};

use crate::dispatch::Device;
use crate::remove_lock::RemoveLock;
use crate::status::NtStatus;
use crate::sys::{
    DO_DEVICE_INITIALIZING, DO_POWER_PAGABLE, FILE_DEVICE_SECURE_OPEN, FILE_DEVICE_UNKNOWN, GUID,
    IoAttachDeviceToDeviceStackSafe, IoCreateDevice, IoDeleteDevice, IoDetachDevice,
    IoRegisterDeviceInterface, IoSetDeviceInterfaceState, PDEVICE_OBJECT, PDRIVER_OBJECT,
    RtlFreeUnicodeString, UNICODE_STRING, size_in_u32,
};

/// A device extension's memory is aligned like this: `MEMORY_ALLOCATION_ALIGNMENT`.
const EXTENSION_ALIGNMENT: usize = 16;

/// The GUID of a device interface class.
#[derive(Clone, Copy, Debug)]
pub struct InterfaceClass(GUID);

impl InterfaceClass {
    /// The class with the GUID of these four fields.
    #[must_use]
    pub const fn new((data1, data2, data3, data4): (u32, u16, u16, [u8; 8])) -> Self {
        Self(GUID {
            Data1: data1,
            Data2: data2,
            Data3: data3,
            Data4: data4,
        })
    }
}

/// What every device extension of this crate begins with.
pub(crate) struct Header {
    pub(crate) remove_lock: RemoveLock,
    this: PDEVICE_OBJECT,
    /// The device object this one is attached to.
    lower: PDEVICE_OBJECT,
    /// The symbolic link of the device interface, allocated by `IoRegisterDeviceInterface`.
    interface: UNICODE_STRING,
}

/// A device extension.
///
/// # Invariants
///
/// From the end of `AddDevice` on all of it is initialized and stays in place until the I/O manager
/// frees it, which is after the last IRP and the last handle (INV-01).
#[repr(C)]
struct Extension<D> {
    header: Header,
    /// Never dropped: handles may be closed after the device is removed (INV-61), and what a
    /// device holds is released by its Plug and Play routines.
    device: ManuallyDrop<D>,
}

impl Header {
    /// The header of a device object of this crate's making.
    ///
    /// # Safety
    ///
    /// `device` is such an object and is alive.
    pub(crate) unsafe fn of_device(device: PDEVICE_OBJECT) -> NonNull<Self> {
        // SAFETY: by the caller.
        let extension = unsafe { (*device).DeviceExtension };
        // SAFETY: the I/O manager sets it, and not to null, because a size was asked for.
        unsafe { NonNull::new_unchecked(extension.cast()) }
    }

    /// The next lower device object.
    pub(crate) const fn lower(&self) -> PDEVICE_OBJECT {
        self.lower
    }
}

/// A functional device object, as the driver's routines see it.
pub struct Fdo<'call, D> {
    extension: &'call Extension<D>,
}

impl<'call, D> Fdo<'call, D> {
    /// # Safety
    ///
    /// `device` is of [`add_device`] for the same `D` and stays for `'call`.
    pub(crate) unsafe fn of(device: PDEVICE_OBJECT) -> Self {
        // SAFETY: by the caller.
        let header = unsafe { Header::of_device(device) };
        Self {
            // SAFETY: by the caller; the header is the extension's first field.
            extension: unsafe { header.cast::<Extension<D>>().as_ref() },
        }
    }

    pub(crate) const fn header(&self) -> &'call Header {
        &self.extension.header
    }

    /// The driver's own state for this device.
    #[must_use]
    pub fn device(&self) -> Pin<&'call D> {
        let device: &'call D = &self.extension.device;
        // SAFETY: an extension never moves, by the type invariant.
        unsafe { Pin::new_unchecked(device) }
    }

    /// `IoSetDeviceInterfaceState`: lets programs find the device, or no longer.
    ///
    /// # Errors
    ///
    /// What the routine returns. That the interface is in that state already is no error.
    ///
    /// # Context
    ///
    /// IRQL `PASSIVE_LEVEL`.
    pub fn set_interface_state(&self, enable: bool) -> Result<(), NtStatus> {
        let name = (&raw const self.header().interface).cast_mut();
        // SAFETY: from `IoRegisterDeviceInterface`. The routine only reads it.
        let status = unsafe { IoSetDeviceInterfaceState(name, u8::from(enable)) };
        NtStatus::from_raw(status).ok()
    }

    /// `IoDetachDevice` and `IoDeleteDevice`, the end of `IRP_MN_REMOVE_DEVICE`.
    ///
    /// # Safety
    ///
    /// The remove lock has been waited for, and nobody uses the device any more but to close
    /// handles.
    pub(crate) unsafe fn delete(self) {
        let header = self.header();
        let (this, lower) = (header.this, header.lower);
        // SAFETY: from `IoRegisterDeviceInterface`, and not used again: by the caller.
        unsafe { RtlFreeUnicodeString((&raw const header.interface).cast_mut()) };
        // SAFETY: attached by `add_device`.
        unsafe { IoDetachDevice(lower) };
        // SAFETY: by the caller.
        unsafe { IoDeleteDevice(this) };
    }
}

/// `AddDevice`: makes the device object for `physical` and puts it into its stack. On failure
/// everything done so far is undone (TR-76).
///
/// # Safety
///
/// Called by the Plug and Play manager's `AddDevice` call for this driver.
///
/// # Context
///
/// IRQL `PASSIVE_LEVEL`.
pub(crate) unsafe fn add_device<D: Device>(
    driver: PDRIVER_OBJECT,
    physical: PDEVICE_OBJECT,
) -> Result<(), NtStatus> {
    const { assert!(align_of::<Extension<D>>() <= EXTENSION_ALIGNMENT) };
    let size = const { size_in_u32::<Extension<D>>() };
    let mut this: PDEVICE_OBJECT = null_mut();
    // SAFETY: by the caller. The device has no name: it is found by its interface.
    NtStatus::from_raw(unsafe {
        IoCreateDevice(
            driver,
            size,
            null_mut(),
            FILE_DEVICE_UNKNOWN,
            FILE_DEVICE_SECURE_OPEN,
            0,
            &raw mut this,
        )
    })
    .ok()?;
    // SAFETY: just made.
    let built = unsafe { build::<D>(this, physical) };
    if built.is_err() {
        // SAFETY: made above and attached to nothing.
        unsafe { IoDeleteDevice(this) };
    }
    built
}

/// The second half of [`add_device`].
///
/// # Safety
///
/// `this` is a fresh device object with an extension for `D`; `physical` is its physical device.
unsafe fn build<D: Device>(this: PDEVICE_OBJECT, physical: PDEVICE_OBJECT) -> Result<(), NtStatus> {
    // SAFETY: by the caller.
    let extension = unsafe { Header::of_device(this) }.cast::<Extension<D>>();
    // SAFETY: the extension's memory, which the I/O manager has zeroed.
    let device = unsafe { &raw mut (*extension.as_ptr()).device };
    // SAFETY: memory for a device, aligned as `add_device` asserts.
    unsafe { device.write(ManuallyDrop::new(D::new())) };
    // SAFETY: initialized above.
    let device: &D = unsafe { &*device };
    // SAFETY: never moved, see `Extension`.
    unsafe { Pin::new_unchecked(device) }.initialize()?;

    // SAFETY: the extension's memory.
    let header = unsafe { &raw mut (*extension.as_ptr()).header };
    // SAFETY: as above.
    let remove_lock = unsafe { &raw mut (*header).remove_lock };
    // SAFETY: nonpaged, and not in use before the device is attached.
    unsafe { RemoveLock::initialize(remove_lock) };
    // SAFETY: the extension's memory.
    unsafe { (*header).this = this };

    let class = D::INTERFACE.0;
    // SAFETY: the extension's memory.
    let interface = unsafe { &raw mut (*header).interface };
    // SAFETY: `physical` is a physical device, by the caller.
    let registered =
        unsafe { IoRegisterDeviceInterface(physical, &raw const class, null_mut(), interface) };
    NtStatus::from_raw(registered).ok()?;

    // SAFETY: the extension's memory.
    let lower = unsafe { &raw mut (*header).lower };
    // An IRP can come from above as soon as the device is attached, so the routine stores `lower` before.
    // SAFETY: by the caller; `lower` is null, and in place for as long as the device.
    let attached = unsafe { IoAttachDeviceToDeviceStackSafe(this, physical, lower) };
    if let Err(status) = NtStatus::from_raw(attached).ok() {
        // SAFETY: from `IoRegisterDeviceInterface`, and not used again.
        unsafe { RtlFreeUnicodeString(interface) };
        return Err(status);
    }
    // SAFETY: the device object is this driver's. Nothing in it waits at a raised IRQL for power.
    unsafe { (*this).Flags |= DO_POWER_PAGABLE };
    // SAFETY: as above. From here on the device can be reached (INV-01, TR-75).
    unsafe { (*this).Flags &= !DO_DEVICE_INITIALIZING };
    Ok(())
}
