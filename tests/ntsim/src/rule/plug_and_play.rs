//! Plug and Play requests.

use super::rules;

rules! {
    /// INV-73, TR-71, TR-72.
    NOT_FORWARDED = "pnp-not-forwarded", Some(super::BugCheck(0xc9, "DRIVER_VERIFIER_IOMANAGER_VIOLATION")),
        "Each Plug and Play, power and WMI request that a function driver does not refuse reaches the bus driver.";
    /// TR-73.
    GARBLED = "passed-down-garbled", None,
        "What reaches the bus driver is the request that was sent.";
    /// TR-71.
    NOT_HANDLED = "pnp-not-handled", None,
        "A function driver sets STATUS_SUCCESS in a query, stop, surprise removal or removal before it passes it down.";
    REQUIRED_FAILED = "pnp-failed", None,
        "Start, cancel-remove, surprise removal and remove succeed.";
    /// TR-71.
    STATUS_CHANGED = "pnp-status-changed", Some(super::BugCheck(0xc9, "DRIVER_VERIFIER_IOMANAGER_VIOLATION")),
        "A Plug and Play request that the driver does not know comes back with the status it came with.";
    /// TR-70.
    NOT_REMOVED = "device-not-removed", None,
        "IRP_MN_REMOVE_DEVICE detaches and deletes the driver's device.";
    ADD_DEVICE_FAILED = "add-device-failed", None,
        "DriverEntry and AddDevice succeed when nothing they need fails.";
    OPEN_FAILED = "open-failed", None,
        "A started device can be opened.";
    /// INV-61.
    CLEANUP_FAILED = "cleanup-failed", None,
        "Cleanup and close always succeed.";
    /// INV-63, TR-68.
    LEFT_AFTER_REMOVAL = "left-after-removal", None,
        "After surprise removal or removal no request stays with the driver until its handle is closed.";
    INTERFACE_ENABLED = "interface-enabled-after-removal", None,
        "The device interface is disabled when the device is removed.";
}
