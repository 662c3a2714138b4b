// `DriverEntry` alone has a driver object that it may fill in, and has to say so.

use core::ptr::NonNull;

use wdm::{Device, DriverObject, initialize_driver};

/// Any pointer would do.
pub fn start<D: Device>(driver: NonNull<DriverObject>) {
    initialize_driver::<D>(driver); //~ ERROR E0133
}
