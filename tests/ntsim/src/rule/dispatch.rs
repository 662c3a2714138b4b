//! What a dispatch routine gives back.

use super::{IO_VERIFIER, rules};
use crate::finding::Broken;
use crate::nt::status;
use crate::world::irp::{Irp, Name};

rules! {
    /// TR-03, TR-04, TR-101.
    PENDING_NOT_MARKED = "pending-not-marked", IO_VERIFIER,
        "A dispatch routine returns STATUS_PENDING only for an IRP that was marked pending.";
    /// INV-10, INV-17, TR-03, TR-21.
    MARKED_NOT_PENDING = "marked-not-pending", IO_VERIFIER,
        "A dispatch routine returns STATUS_PENDING for every IRP that was marked pending.";
    /// TR-15.
    NOT_COMPLETED = "returned-without-completing", IO_VERIFIER,
        "A dispatch routine that returns another status than STATUS_PENDING has completed the IRP.";
    /// INV-72, TR-21.
    STATUS_DIFFERS = "status-differs", IO_VERIFIER,
        "A dispatch routine returns the status that it completed the IRP with.";
    NO_ROUTINE = "no-dispatch-routine", None,
        "The driver has a dispatch routine for each request it can get.";
}

/// The agreement of return value, pending mark and completion.
///
/// # Errors
/// The broken rule.
pub fn check_returned(name: Name, irp: &Irp, returned: u32, marked: bool) -> Result<(), Broken> {
    let shown = status::name(returned);
    let pending = returned == status::PENDING;
    if pending && !marked {
        return Err(PENDING_NOT_MARKED.broken(format!(
            "{name}: {shown} was returned, but the IRP was not marked pending"
        )));
    }
    if !pending && marked {
        return Err(MARKED_NOT_PENDING.broken(format!(
            "{name}: the IRP was marked pending, but {shown} was returned"
        )));
    }
    if !pending && !irp.completed {
        return Err(NOT_COMPLETED.broken(format!(
            "{name}: {shown} was returned, but the IRP was not completed"
        )));
    }
    if !pending && irp.status != returned {
        let completed = status::name(irp.status);
        return Err(STATUS_DIFFERS.broken(format!(
            "{name}: {shown} was returned, but the IRP was completed with {completed}"
        )));
    }
    Ok(())
}
