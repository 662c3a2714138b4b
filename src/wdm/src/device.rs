//! What a driver says of its devices.

use core::pin::Pin;

use crate::call::Call;
use crate::device_object::InterfaceClass;
use crate::irp::{Control, Dispatched, Irp, Received};
use crate::lifecycle::State;
use crate::status::NtStatus;
use crate::trace::Provider;

/// A kind of device: its state, which lives in the device extension, and its routines. What most devices do
/// alike is done by default.
///
/// The state is never dropped: handles may be closed after the device is removed (INV-61), and its memory goes with the
/// device object. So it must not contain what others know by its address until it is dropped, such as an entry of an
/// intrusive list that is not of this crate. What it owns it gives back in [`release`](Self::release).
///
/// # Context
///
/// Everything is called at IRQL `PASSIVE_LEVEL`, but [`device_control`](Self::device_control), which other
/// drivers may call at up to `DISPATCH_LEVEL`. The device stays while a routine runs.
pub trait Device: Sized + Send + Sync + 'static {
    /// What is kept for each open handle, in nonpaged pool.
    type File: Send + Sync + 'static;

    /// The interface by which programs find the device.
    const INTERFACE: InterfaceClass;

    /// The events that the driver writes. Registered from `DriverEntry` to `DriverUnload`.
    const EVENTS: Option<&'static Provider> = None;

    /// The state of a new device, before it is in place.
    fn new() -> Self;

    /// Finishes the state in place. Nothing can reach the device yet.
    ///
    /// # Errors
    ///
    /// `AddDevice` fails with what this returns.
    fn initialize(self: Pin<&Self>) -> Result<(), NtStatus> {
        Ok(())
    }

    /// `IRP_MJ_CREATE` of a device that is started: makes what is kept for a new handle. There is nothing below
    /// the device: to open it with a name after its own fails with `STATUS_OBJECT_NAME_NOT_FOUND`.
    ///
    /// # Errors
    ///
    /// The program's attempt to open the device fails with what this returns.
    fn create(self: Pin<&Self>, call: &mut Call) -> Result<Self::File, NtStatus>;

    /// What [`create`](Self::create) made is in place, and the handle about to be open.
    fn opened(self: Pin<&Self>, _file: Pin<&Self::File>, _call: &mut Call) {}

    /// `IRP_MJ_CLEANUP`: the last handle is closed. Ends the requests that came through it. The device may
    /// be removed already (INV-61).
    fn cleanup(self: Pin<&Self>, _file: Pin<&Self::File>, _call: &mut Call) {}

    /// `IRP_MJ_DEVICE_CONTROL` with buffered I/O: answers or keeps the request. Those with other methods are
    /// answered with `STATUS_INVALID_DEVICE_REQUEST`.
    fn device_control(irp: Irp<Self, Control>, call: &mut Call) -> Dispatched;

    /// `IRP_MN_START_DEVICE`: the device is about to be started, the drivers below are.
    ///
    /// # Errors
    ///
    /// It does not start then.
    fn start(self: Pin<&Self>, _call: &mut Call) -> Result<(), NtStatus> {
        Ok(())
    }

    /// `IRP_MN_SURPRISE_REMOVAL` and `IRP_MN_REMOVE_DEVICE`: the device goes away. Ends all requests. New
    /// ones are refused already, but one that was let in a moment ago may come to a queue after this.
    fn purge(self: Pin<&Self>, _call: &mut Call) {}

    /// The end of `IRP_MN_REMOVE_DEVICE`: no request is left, and no timer. Gives back memory. Handles may
    /// still be closed.
    fn release(self: Pin<&Self>, _call: &mut Call) {}

    /// The Plug and Play state has changed.
    fn state_changed(self: Pin<&Self>, _from: State, _to: State) {}

    /// `IRP_MJ_POWER`, whatever it is about. Since Windows Vista passing it down needs nothing else (TR-72).
    fn power(irp: Irp<Self, Received>, call: &mut Call) -> Dispatched {
        irp.pass_down(call)
    }

    /// `IRP_MJ_SYSTEM_CONTROL`: WMI.
    fn system_control(irp: Irp<Self, Received>, call: &mut Call) -> Dispatched {
        irp.pass_down(call)
    }
}
