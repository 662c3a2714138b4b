//! What a driver says of its devices.

use core::pin::Pin;

use crate::call::Call;
use crate::device_object::InterfaceClass;
use crate::irp::{Dispatched, Irp};
use crate::lifecycle::State;
use crate::state::{Control, InDirect, Kind, Other, OutDirect, Read, Received, Write};
use crate::status::NtStatus;
use crate::timer::Timer;
use crate::trace::Provider;
use crate::work_item::WorkItem;

/// Where the devices of a driver are in their stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It says what the device does. What it does not take fails with `STATUS_INVALID_DEVICE_REQUEST`.
    Function,
    /// It is above or below the function driver, and looks like it: with the flags and the type of the device below.
    /// What it does not take it passes down.
    Filter,
}

impl Role {
    pub(crate) const fn is_filter(self) -> bool {
        matches!(self, Self::Filter)
    }
}

/// How the data of `IRP_MJ_READ` and `IRP_MJ_WRITE` reaches a function driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfers {
    /// `DO_BUFFERED_IO`: the I/O manager copies it.
    Buffered,
    /// `DO_DIRECT_IO`: in the locked pages of the program.
    Direct,
}

/// A queue that is driven by the routines of its device, without the driver's help: see [`Device::queues`].
pub trait Driven<D: Device> {
    /// Registers it, in `AddDevice`.
    ///
    /// # Errors
    ///
    /// `AddDevice` fails with what this returns.
    fn register(self: Pin<&Self>, device: Pin<&D>) -> Result<(), NtStatus>;

    /// Makes room for what it takes, in `IRP_MN_START_DEVICE`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`. The device does not start then.
    fn make_room(self: Pin<&Self>, call: &mut Call) -> Result<(), NtStatus>;

    /// Ends what came through a handle, and what is on its way, in `IRP_MJ_CLEANUP`.
    fn close(self: Pin<&Self>, file: Pin<&D::File>, call: &mut Call);

    /// Ends everything, and what is on its way, because the device goes away.
    fn purge(self: Pin<&Self>, call: &mut Call);

    /// Frees its memory, at the end of `IRP_MN_REMOVE_DEVICE`.
    fn release(self: Pin<&Self>, call: &mut Call);
}

/// What [`Device::queues`] calls with each queue.
pub type Each<'a, D> = dyn FnMut(Pin<&dyn Driven<D>>) + 'a;

/// Does something with each queue of a device, until it fails.
pub(crate) fn try_each<D: Device>(
    device: Pin<&D>,
    mut act: impl FnMut(Pin<&dyn Driven<D>>) -> Result<(), NtStatus>,
) -> Result<(), NtStatus> {
    let mut result = Ok(());
    device.queues(&mut |queue| {
        if result.is_ok() {
            result = act(queue);
        }
    });
    result
}

/// A kind of device: its state, which lives in the device extension, and its routines. What most devices do
/// alike is done by default.
///
/// The state is never dropped: handles may be closed after the device is removed (INV-61), and its memory goes with the
/// device object. So it must not contain what others know by its address until it is dropped, such as an entry of an
/// intrusive list that is not of this crate. What it owns it gives back in [`release`](Self::release).
///
/// # Context
///
/// Everything is called at IRQL `PASSIVE_LEVEL`, but [`device_control`](Self::device_control) and the routines for
/// the other requests of programs, which other drivers may call at up to `DISPATCH_LEVEL`. The device stays while
/// a routine runs.
pub trait Device: Sized + Send + Sync + 'static {
    /// What is kept for each open handle, in nonpaged pool.
    type File: Send + Sync + 'static;

    /// Where the device is in its stack.
    const ROLE: Role = Role::Function;

    /// The interface by which programs find the device.
    const INTERFACE: Option<InterfaceClass> = None;

    /// The device's name: programs open `\\.\NAME`. ASCII, at most 40 characters. There can be one device with
    /// a name, so an interface is better, but for programs that are older than those.
    const NAME: Option<&'static str> = None;

    /// How the data of reads and writes comes, if a function driver takes them.
    const TRANSFERS: Option<Transfers> = None;

    /// Whether a function driver takes `IRP_MJ_INTERNAL_DEVICE_CONTROL`, the device control requests of other drivers.
    const IS_INTERNAL: bool = false;

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

    /// Calls `each` with every queue that wdm is to drive: always the same ones. It registers them in `AddDevice`, gives
    /// them memory when the device starts, and ends what is in them when a handle is closed or the device goes away.
    /// [`cleanup`](Self::cleanup), [`purge`](Self::purge) and [`release`](Self::release) are called after that.
    #[inline]
    fn queues(self: Pin<&Self>, _each: &mut Each<'_, Self>) {}

    /// `IRP_MJ_CREATE` of a device that is started: makes what is kept for a new handle. A filter then has the
    /// drivers below open it, too. A function driver has nothing below the device: to open it with a name after its own fails
    /// with `STATUS_OBJECT_NAME_NOT_FOUND`.
    ///
    /// # Errors
    ///
    /// The program's attempt to open the device fails with what this returns.
    fn create(self: Pin<&Self>, call: &mut Call) -> Result<Self::File, NtStatus>;

    /// What [`create`](Self::create) made is in place, and the handle about to be open.
    fn opened(self: Pin<&Self>, _file: Pin<&Self::File>, _call: &mut Call) {}

    /// `IRP_MJ_CLEANUP`: the last handle is closed. Ends the requests that came through it and are not in
    /// [`queues`](Self::queues). The device may be removed already (INV-61).
    fn cleanup(self: Pin<&Self>, _file: Pin<&Self::File>, _call: &mut Call) {}

    /// `IRP_MJ_DEVICE_CONTROL` with buffered I/O: answers or keeps the request.
    fn device_control(irp: Irp<Self, Control>, call: &mut Call) -> Dispatched {
        refuse_or_pass_down(irp, call)
    }

    /// `IRP_MJ_DEVICE_CONTROL` with `METHOD_IN_DIRECT`.
    fn in_direct(irp: Irp<Self, InDirect>, call: &mut Call) -> Dispatched {
        refuse_or_pass_down(irp, call)
    }

    /// `IRP_MJ_DEVICE_CONTROL` with `METHOD_OUT_DIRECT`.
    fn out_direct(irp: Irp<Self, OutDirect>, call: &mut Call) -> Dispatched {
        refuse_or_pass_down(irp, call)
    }

    /// `IRP_MJ_INTERNAL_DEVICE_CONTROL` with buffered I/O.
    fn internal_device_control(irp: Irp<Self, Control>, call: &mut Call) -> Dispatched {
        refuse_or_pass_down(irp, call)
    }

    /// `IRP_MJ_READ`.
    fn read(irp: Irp<Self, Read>, call: &mut Call) -> Dispatched {
        refuse_or_pass_down(irp, call)
    }

    /// `IRP_MJ_WRITE`.
    fn write(irp: Irp<Self, Write>, call: &mut Call) -> Dispatched {
        refuse_or_pass_down(irp, call)
    }

    /// A device control request with `METHOD_NEITHER`, an internal one with any other method than buffered; for a
    /// filter, also every other major function.
    fn other(irp: Irp<Self, Other>, call: &mut Call) -> Dispatched {
        refuse_or_pass_down(irp, call)
    }

    /// `IRP_MN_START_DEVICE`: the device is about to be started, the drivers below are.
    ///
    /// # Errors
    ///
    /// It does not start then.
    fn start(self: Pin<&Self>, _call: &mut Call) -> Result<(), NtStatus> {
        Ok(())
    }

    /// `IRP_MN_SURPRISE_REMOVAL` and `IRP_MN_REMOVE_DEVICE`: the device goes away. Ends all
    /// requests that are not in [`queues`](Self::queues). New ones are refused already, but one that was let in a moment
    /// ago may come to a queue after this.
    fn purge(self: Pin<&Self>, _call: &mut Call) {}

    /// The end of `IRP_MN_REMOVE_DEVICE`: no request is left, and no timer. Gives back memory. Handles may
    /// still be closed.
    fn release(self: Pin<&Self>, _call: &mut Call) {}

    /// Its timer, if it has one.
    #[must_use]
    fn timer(self: Pin<&Self>) -> Option<Pin<&Timer>> {
        None
    }

    /// The time of its timer is over.
    ///
    /// # Context
    ///
    /// `DISPATCH_LEVEL`, in a deferred procedure call.
    fn expired(self: Pin<&Self>, _call: &mut Call) {}

    /// Its work item, if it has one.
    #[must_use]
    fn work_item(self: Pin<&Self>) -> Option<Pin<&WorkItem>> {
        None
    }

    /// What its work item is for, at `PASSIVE_LEVEL`, in a system thread.
    fn work(self: Pin<&Self>, _call: &mut Call) {}

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

/// What a device does with a request that its driver does not take.
fn refuse_or_pass_down<D: Device, K: Kind>(irp: Irp<D, K>, call: &mut Call) -> Dispatched {
    match D::ROLE {
        Role::Function => irp.complete(call, NtStatus::INVALID_DEVICE_REQUEST),
        Role::Filter => irp.pass_down(call),
    }
}
