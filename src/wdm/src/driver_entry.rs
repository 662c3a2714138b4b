//! `DriverEntry` of a driver that needs nothing but its devices.

/// Defines `DriverEntry` for a driver of this kind of [`Device`](crate::Device) that has nothing else to do there. So
/// the driver itself has no unsafe code.
///
/// One that reads parameters of its service writes the function itself, and calls
/// [`initialize_driver`](crate::initialize_driver). See "`DriverEntry` for WDM Drivers":
/// <https://learn.microsoft.com/windows-hardware/drivers/kernel/driverentry-for-wdm-drivers>.
#[macro_export]
macro_rules! driver_entry {
    ($device:ty) => {
        /// # Context
        ///
        /// IRQL `PASSIVE_LEVEL`, in a system thread.
        ///
        /// # Safety
        ///
        /// Called by the I/O manager, once, with the driver object it made for this image and the path of
        /// its service's key.
        // SAFETY: a second item of this name does not link.
        #[expect(unsafe_code, reason = "is called by the kernel")]
        #[unsafe(export_name = "DriverEntry")]
        unsafe extern "system" fn driver_entry(
            driver: ::core::ptr::NonNull<$crate::DriverObject>,
            _: ::core::ptr::NonNull<$crate::RegistryPath>,
        ) -> i32 {
            // SAFETY: the I/O manager's call, which succeeds.
            unsafe { $crate::initialize_driver::<$device>(driver) };
            0 // STATUS_SUCCESS
        }
    };
}
