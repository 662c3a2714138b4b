//! Plug and Play, as a device without hardware needs it.
//!
//! What is pending stays while the device is stopped or its removal is only asked about; new requests are
//! refused meanwhile (TR-69).
//!
//! See "Handling Plug and Play IRPs in a function driver":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/plug-and-play-irps>.

// UNSAFETY: ends a device.
#![expect(
    unsafe_code,
    reason = "waits for the last use of a device, and deletes it"
)]

use crate::add_device::free_work_item;
use crate::call::Call;
use crate::device::{Device, try_each};
use crate::device_object::Fdo;
use crate::forward::{call_lower, forward_and_wait};
use crate::irp::{Dispatched, Irp};
use crate::lifecycle::State;
use crate::state::Received;
use crate::status::NtStatus;
use crate::sys::{
    IRP_MN_CANCEL_REMOVE_DEVICE, IRP_MN_CANCEL_STOP_DEVICE, IRP_MN_QUERY_REMOVE_DEVICE,
    IRP_MN_QUERY_STOP_DEVICE, IRP_MN_REMOVE_DEVICE, IRP_MN_START_DEVICE, IRP_MN_STOP_DEVICE,
    IRP_MN_SURPRISE_REMOVAL, KeFlushQueuedDpcs,
};

/// `IRP_MJ_PNP`.
pub(crate) fn dispatch<D: Device>(
    fdo: Fdo<'_, D>,
    irp: Irp<D, Received>,
    call: &mut Call,
) -> Dispatched {
    match u32::from(irp.stack().minor_function()) {
        IRP_MN_START_DEVICE => start(fdo, irp, call),
        IRP_MN_QUERY_STOP_DEVICE => agree(fdo, irp, call, State::StopPending),
        IRP_MN_STOP_DEVICE => agree(fdo, irp, call, State::Stopped),
        IRP_MN_CANCEL_STOP_DEVICE => resume(fdo, irp, call, State::StopPending),
        IRP_MN_QUERY_REMOVE_DEVICE => agree(fdo, irp, call, State::RemovePending),
        IRP_MN_CANCEL_REMOVE_DEVICE => resume(fdo, irp, call, State::RemovePending),
        IRP_MN_SURPRISE_REMOVAL => {
            purge(fdo, call, State::SurpriseRemoved);
            succeed_and_pass_down(irp, call)
        }
        IRP_MN_REMOVE_DEVICE => {
            purge(fdo, call, State::Removed);
            remove(fdo, irp, call)
        }
        // INV-73.
        _ => irp.pass_down(call),
    }
}

/// Changes the state.
fn enter<D: Device>(fdo: Fdo<'_, D>, state: State) {
    let before = fdo.header().lifecycle.enter(state);
    fdo.device().state_changed(before, state);
}

/// `IRP_MN_START_DEVICE`: the drivers below start first.
fn start<D: Device>(fdo: Fdo<'_, D>, mut irp: Irp<D, Received>, call: &mut Call) -> Dispatched {
    let status = forward_and_wait(&mut irp, call)
        .ok()
        .and_then(|()| try_each(fdo.device(), |queue| queue.make_room(call)))
        .and_then(|()| fdo.device().start(call))
        .and_then(|()| fdo.set_interface_state(true));
    let status = match status {
        Ok(()) => {
            enter(fdo, State::Started);
            NtStatus::SUCCESS
        }
        Err(status) => status,
    };
    irp.complete(call, status)
}

/// `IRP_MN_QUERY_STOP_DEVICE`, `IRP_MN_STOP_DEVICE`, `IRP_MN_QUERY_REMOVE_DEVICE`: agrees, and takes no more
/// requests. One that was let in a moment ago may be queued after this.
fn agree<D: Device>(
    fdo: Fdo<'_, D>,
    irp: Irp<D, Received>,
    call: &mut Call,
    state: State,
) -> Dispatched {
    enter(fdo, state);
    succeed_and_pass_down(irp, call)
}

fn succeed_and_pass_down<D>(mut irp: Irp<D, Received>, call: &mut Call) -> Dispatched {
    irp.set_status(NtStatus::SUCCESS);
    irp.pass_down(call)
}

/// `IRP_MN_CANCEL_STOP_DEVICE`, `IRP_MN_CANCEL_REMOVE_DEVICE`: the drivers below come back first. Either may
/// come without its query, when a driver above refused that; and neither may fail.
fn resume<D: Device>(
    fdo: Fdo<'_, D>,
    mut irp: Irp<D, Received>,
    call: &mut Call,
    from: State,
) -> Dispatched {
    irp.set_status(NtStatus::SUCCESS);
    let _ = forward_and_wait(&mut irp, call);
    if fdo.header().lifecycle.is(from) {
        let to = fdo.header().lifecycle.go_back();
        fdo.device().state_changed(from, to);
    }
    irp.complete(call, NtStatus::SUCCESS)
}

/// Lets no requests in any more and then ends all there are, in this order (INV-63).
fn purge<D: Device>(fdo: Fdo<'_, D>, call: &mut Call, state: State) {
    enter(fdo, state);
    // The interface may be off already, or never have been on.
    let _ = fdo.set_interface_state(false);
    fdo.device().queues(&mut |queue| queue.purge(call));
    fdo.device().purge(call);
}

/// The end of `IRP_MN_REMOVE_DEVICE`: waits until no other IRP holds the device and no deferred routine runs
/// in it, passes this IRP down, detaches and deletes the device object (TR-70). The device has ended all
/// requests before, or the wait would last for ever (TR-67).
fn remove<D: Device>(fdo: Fdo<'_, D>, mut irp: Irp<D, Received>, call: &mut Call) -> Dispatched {
    irp.set_status(NtStatus::SUCCESS);
    let irp = irp.into_raw();
    let header = fdo.header();
    // SAFETY: the dispatch call's reference, which `Dispatched::removed` says is gone.
    unsafe { header.remove_lock.release_and_wait(irp) };
    // SAFETY: at PASSIVE_LEVEL. A timer's or a queue's routine may be queued, or run, for an IRP that has
    // just ended; it is over when this returns (INV-64).
    unsafe { KeFlushQueuedDpcs() };
    fdo.device().queues(&mut |queue| queue.release(call));
    fdo.device().release(call);
    // SAFETY: the remove lock has been waited for.
    unsafe { free_work_item(fdo.device()) };
    if D::ROLE.is_filter() {
        // SAFETY: nobody is in a routine that uses a handle, nor comes into one: the remove lock is closed.
        unsafe { header.handles.clear::<D::File>() };
    }
    // SAFETY: owned until now, and attached.
    let status = unsafe { call_lower(header.lower(), irp) };
    // SAFETY: the remove lock has been waited for.
    unsafe { fdo.delete(D::NAME) };
    Dispatched::removed(status)
}
