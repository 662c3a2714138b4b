//! How an IRP ends.

use super::{BugCheck, IO_VERIFIER, rules};
use crate::finding::Broken;
use crate::nt::status;
use crate::world::World;

rules! {
    /// INV-52, TR-06.
    COMPLETED_TWICE = "irp-completed-twice", Some(BugCheck(0x44, "MULTIPLE_IRP_COMPLETE_REQUESTS")),
        "An IRP is completed exactly once.";
    NOT_AN_IRP = "not-an-irp", Some(BugCheck(0x44, "MULTIPLE_IRP_COMPLETE_REQUESTS")),
        "IoCompleteRequest, IoCallDriver and IoCsqInsertIrp get an IRP that the driver owns.";
    /// INV-53, TR-08.
    CANCEL_ROUTINE_SET = "cancel-routine-set", Some(BugCheck(0x48, "CANCEL_STATE_IN_COMPLETED_IRP")),
        "An IRP has no cancel routine when it is completed.";
    /// INV-53, TR-05.
    COMPLETED_PENDING = "completed-with-pending", IO_VERIFIER,
        "An IRP is not completed with STATUS_PENDING or -1.";
    /// INV-60, TR-32, TR-61.
    CANCELED_FOR_NOTHING = "canceled-for-nothing", None,
        "STATUS_CANCELLED is only for an IRP that was canceled, or whose handle, thread or device goes away, or that a server answers so.";
    /// INV-35, TR-41.
    STILL_QUEUED = "completed-while-queued", None,
        "An IRP is not completed while it is in a cancel-safe queue.";
    /// TR-09.
    LOCK_HELD = "completed-under-lock", super::VERIFIER,
        "No spin lock of the driver is held across IoCompleteRequest: a completion routine may come back.";
}

/// What `IofCompleteRequest` can see about an IRP.
#[derive(Clone, Copy, Debug)]
pub struct AtCompletion {
    /// The IRP's address.
    pub address: usize,
    /// `IoStatus.Status`.
    pub status: u32,
    /// `CancelRoutine`.
    pub cancel_routine: usize,
}

/// Before anything in the IRP is read.
///
/// # Errors
/// The broken rule.
pub fn check_owned(world: &mut World, address: usize) -> Result<(), Broken> {
    let Some(number) = world.irps.find(address) else {
        return Err(NOT_AN_IRP.broken(format!("{address:#x} was completed, which is no IRP")));
    };
    let name = world.irp_name(number);
    match world.irps.get(number) {
        Some(irp) if irp.completed || irp.completing => Err(COMPLETED_TWICE.broken(format!(
            "{name} was completed before, {}",
            ended(irp.status)
        ))),
        Some(irp) if irp.queued.is_some() => {
            Err(STILL_QUEUED.broken(format!("{name} is completed, but it is still in a queue")))
        }
        _ => Ok(()),
    }
}

/// The state the IRP is completed in.
///
/// # Errors
/// The broken rule.
pub fn check_state(world: &mut World, at: AtCompletion) -> Result<(), Broken> {
    let Some(number) = world.irps.find(at.address) else {
        return Ok(());
    };
    let name = world.irp_name(number);
    if at.cancel_routine != 0 {
        return Err(
            CANCEL_ROUTINE_SET.broken(format!("{name} is completed with a cancel routine set"))
        );
    }
    if at.status == status::PENDING || at.status == u32::MAX {
        return Err(COMPLETED_PENDING.broken(format!(
            "{name} is completed with {}",
            status::name(at.status)
        )));
    }
    let held = world.thread().held.len();
    if held != 0 {
        return Err(LOCK_HELD.broken(format!("{name} is completed with {held} spin lock(s) held")));
    }
    let allowed = world.devices.going_away || world.answered_canceled;
    let Some(irp) = world.irps.get(number) else {
        return Ok(());
    };
    let file = irp.file.and_then(|file| world.files.get(file));
    let by_file = file.is_some_and(|file| file.cleaned_up || file.cancel_asked);
    if at.status == status::CANCELLED && !irp.cancel_requested && !by_file && !allowed {
        return Err(CANCELED_FOR_NOTHING.broken(format!(
            "{name} is completed with STATUS_CANCELLED, but nobody canceled it and its handle is open"
        )));
    }
    Ok(())
}

fn ended(status: u32) -> String {
    format!("with {}", status::name(status))
}
