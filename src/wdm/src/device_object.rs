//! The functional device object and its extension.

// UNSAFETY: follows pointers to memory that the I/O manager allocates.
#![expect(
    unsafe_code,
    reason = "finds device extensions by pointers, and deletes device objects"
)]

use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::ptr::NonNull;

use crate::handles::Handles;
use crate::lifecycle::Lifecycle;
use crate::name::ObjectName;
use crate::remove_lock::RemoveLock;
use crate::status::NtStatus;
use crate::sys::{
    GUID, IoDeleteDevice, IoDeleteSymbolicLink, IoDetachDevice, IoSetDeviceInterfaceState,
    PDEVICE_OBJECT, RtlFreeUnicodeString, UNICODE_STRING,
};

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

    pub(crate) const fn guid(&self) -> &GUID {
        &self.0
    }
}

/// What every device extension of this crate begins with.
pub(crate) struct Header {
    pub(crate) remove_lock: RemoveLock,
    pub(crate) this: PDEVICE_OBJECT,
    /// The device object this one is attached to.
    pub(crate) lower: PDEVICE_OBJECT,
    pub(crate) lifecycle: Lifecycle,
    /// The symbolic link of the device interface, allocated by `IoRegisterDeviceInterface`. Empty without one.
    pub(crate) interface: UNICODE_STRING,
    /// Of a filter.
    pub(crate) handles: Handles,
}

/// A device extension.
///
/// # Invariants
///
/// From the end of `AddDevice` on all of it is initialized and stays in place until the I/O manager
/// frees it, which is after the last IRP and the last handle (INV-01).
#[repr(C)]
pub(crate) struct Extension<D> {
    pub(crate) header: Header,
    /// Never dropped: handles may be closed after the device is removed (INV-61), and what a device holds
    /// is given back by its routines.
    pub(crate) device: ManuallyDrop<D>,
}

impl Header {
    /// The header of a device object of this crate's making.
    ///
    /// # Safety
    ///
    /// `device` is such an object and is alive.
    #[inline]
    pub(crate) unsafe fn of_device(device: PDEVICE_OBJECT) -> NonNull<Self> {
        // SAFETY: the caller's device object is alive.
        let extension = unsafe { (*device).DeviceExtension };
        // SAFETY: the I/O manager sets it, and not to null, because a size was asked for.
        unsafe { NonNull::new_unchecked(extension.cast()) }
    }

    /// Gives back the remove-lock reference for what was at `tag`, and maybe with it the extension.
    ///
    /// # Safety
    ///
    /// The caller has that reference, and gives it up.
    #[inline]
    pub(crate) unsafe fn release<T>(this: NonNull<Self>, tag: NonNull<T>) {
        // SAFETY: the reference keeps the extension alive.
        let lock = unsafe { &raw const (*this.as_ptr()).remove_lock };
        // SAFETY: a field of a live structure is not null.
        let lock = unsafe { NonNull::new_unchecked(lock.cast_mut()) };
        // SAFETY: the reference is the caller's.
        unsafe { RemoveLock::release(lock, tag) };
    }

    /// The next lower device object.
    pub(crate) const fn lower(&self) -> PDEVICE_OBJECT {
        self.lower
    }
}

/// A functional device object, while its driver's routines use it.
pub(crate) struct Fdo<'call, D> {
    extension: &'call Extension<D>,
}

impl<D> Clone for Fdo<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<D> Copy for Fdo<'_, D> {}

impl<'call, D> Fdo<'call, D> {
    /// # Safety
    ///
    /// `device` is from `AddDevice` of a driver whose devices' state is a `D`, and stays for `'call`.
    #[inline]
    pub(crate) unsafe fn of(device: PDEVICE_OBJECT) -> Self {
        // SAFETY: alive, and of this crate's making.
        let header = unsafe { Header::of_device(device) };
        Self {
            // SAFETY: initialized from `AddDevice` on; the header is the extension's first field.
            extension: unsafe { header.cast::<Extension<D>>().as_ref() },
        }
    }

    pub(crate) const fn object(self) -> PDEVICE_OBJECT {
        self.extension.header.this
    }

    pub(crate) const fn header(self) -> &'call Header {
        &self.extension.header
    }

    /// The driver's own state for this device.
    #[inline]
    pub(crate) fn device(self) -> Pin<&'call D> {
        let device: &'call D = &self.extension.device;
        // SAFETY: an extension never moves, and its device is never dropped, by the type invariant.
        unsafe { Pin::new_unchecked(device) }
    }

    /// `IoSetDeviceInterfaceState`: lets programs find the device, or no longer.
    ///
    /// # Errors
    ///
    /// What the routine returns. That the interface is in that state already is no error, nor that there is none.
    ///
    /// # Context
    ///
    /// IRQL `PASSIVE_LEVEL`.
    pub(crate) fn set_interface_state(self, enable: bool) -> Result<(), NtStatus> {
        if self.header().interface.Buffer.is_null() {
            return Ok(());
        }
        let name = (&raw const self.header().interface).cast_mut();
        // SAFETY: from `IoRegisterDeviceInterface`. The routine only reads it.
        let status = unsafe { IoSetDeviceInterfaceState(name, u8::from(enable)) };
        NtStatus::check(status)
    }

    /// `IoDetachDevice` and `IoDeleteDevice`, the end of `IRP_MN_REMOVE_DEVICE`.
    ///
    /// # Safety
    ///
    /// The remove lock has been waited for, and nobody uses the device any more but to close handles. `name` is
    /// the device's, if it has one.
    pub(crate) unsafe fn delete(self, name: Option<&'static str>) {
        let header = self.header();
        let (this, lower) = (header.this, header.lower);
        delete_link(name);
        // SAFETY: from `IoRegisterDeviceInterface`, or empty, and nobody uses it after this.
        unsafe { RtlFreeUnicodeString((&raw const header.interface).cast_mut()) };
        // SAFETY: `AddDevice` has attached the device to it.
        unsafe { IoDetachDevice(lower) };
        // SAFETY: the caller knows of no other user.
        unsafe { IoDeleteDevice(this) };
    }
}

/// `IoDeleteSymbolicLink`: programs find a device by its name no longer.
pub(crate) fn delete_link(name: Option<&'static str>) {
    if let Some(name) = name {
        let name = ObjectName::for_programs(name);
        let mut link = name.as_unicode_string();
        // It may be gone already.
        // SAFETY: `name` is there for the time of the call.
        let _ = unsafe { IoDeleteSymbolicLink(&raw mut link) };
    }
}

/// Whether a part is inside a device.
pub(crate) fn is_within<T, U>(device: &T, part: &U) -> bool {
    let offset = (&raw const *part)
        .addr()
        .wrapping_sub((&raw const *device).addr());
    offset < size_of::<T>()
}
