//! The contract of the cancel-safe queue: what its callbacks and its users must keep.

use super::{VERIFIER, rules};
use crate::finding::Broken;
use crate::nt::status;
use crate::world::World;

rules! {
    NULL_CALLBACK = "csq-null-callback", None,
        "IoCsqInitialize gets all six callbacks.";
    /// INV-01.
    NOT_INITIALIZED = "csq-not-initialized", None,
        "A queue is initialized before it is used.";
    /// TR-35.
    INSERTED_TWICE = "csq-inserted-twice", VERIFIER,
        "An IRP that is in a queue is not inserted again.";
    /// INV-54.
    CONTEXT_CHANGED = "csq-context-changed", VERIFIER,
        "`DriverContext[3]` of a queued IRP belongs to the library.";
    /// INV-03, INV-30, TR-31.
    PEEKED_STRANGER = "csq-peeked-stranger", None,
        "CsqPeekNextIrp returns NULL or an IRP that is in the queue.";
    /// INV-30, INV-31, TR-30.
    PEEKED_AGAIN = "csq-peeked-again", None,
        "CsqPeekNextIrp goes on from the IRP it is given: it never returns it, nor one that it was given before.";
    /// INV-16, TR-20.
    EX_STATUS = "csq-insert-status", None,
        "CsqInsertIrpEx returns exactly STATUS_SUCCESS or an error.";
    /// INV-14, TR-11.
    INSERTED_UNDER_LOCK = "csq-inserted-under-lock", VERIFIER,
        "No spin lock is held across IoCsqInsertIrp: it may complete the IRP.";
    /// INV-35.
    OTHER_QUEUE = "csq-other-queue", None,
        "IoCsqRemoveIrp gets the queue that the context's IRP was inserted into.";
    /// TR-42.
    CONTEXT_ON_STACK = "csq-context-on-stack", None,
        "An IO_CSQ_IRP_CONTEXT is in memory that stays while its IRP is queued, not on a stack.";
    /// INV-36, TR-44.
    CONTEXT_REUSED = "csq-context-reused", None,
        "An IO_CSQ_IRP_CONTEXT stands for one queued IRP at a time.";
}

/// An IRP that is about to be inserted.
///
/// # Errors
/// The broken rule.
pub fn check_insert(world: &mut World, irp: usize, context: Option<usize>) -> Result<(), Broken> {
    let Some(number) = world.irps.find(irp) else {
        return Err(
            super::completion::NOT_AN_IRP.broken(format!("{irp:#x} was inserted, which is no IRP"))
        );
    };
    let name = world.irp_name(number);
    let entry = world.irps.get(number);
    if entry.is_some_and(|irp| irp.completed || irp.completing) {
        return Err(super::completion::NOT_AN_IRP
            .broken(format!("{name} was inserted after it was completed")));
    }
    if entry.is_some_and(|irp| irp.queued.is_some()) {
        return Err(INSERTED_TWICE.broken(format!("{name} is in a queue and is inserted again")));
    }
    if !world.thread().held.is_empty() {
        return Err(INSERTED_UNDER_LOCK.broken(format!("{name} is inserted with a spin lock held")));
    }
    let context = context.unwrap_or(0);
    if context != 0 && !crate::guest::is_shared(context) {
        return Err(CONTEXT_ON_STACK.broken(format!(
            "{name} is inserted with a context on the stack of the thread that inserts it"
        )));
    }
    let user = world.irps.iter().find(|(_, irp)| {
        context != 0 && irp.queued.is_some_and(|queued| queued.context == context)
    });
    if let Some((other, _)) = user {
        let other = world.irp_name(other);
        return Err(CONTEXT_REUSED.broken(format!(
            "{name} is inserted with the context of {other}, which is queued"
        )));
    }
    Ok(())
}

/// An IRP that `CsqPeekNextIrp` returned, when it was given `after`.
///
/// # Errors
/// The broken rule.
pub fn check_peeked(
    world: &mut World,
    csq: usize,
    after: &[usize],
    irp: usize,
) -> Result<(), Broken> {
    let Some(number) = world.irps.find(irp) else {
        return Err(
            PEEKED_STRANGER.broken(format!("CsqPeekNextIrp returned {irp:#x}, which is no IRP"))
        );
    };
    let name = world.irp_name(number);
    let queued = world.irps.get(number).and_then(|irp| irp.queued);
    if queued.is_none_or(|queued| queued.csq != csq) {
        return Err(PEEKED_STRANGER.broken(format!(
            "CsqPeekNextIrp returned {name}, which is not in the queue"
        )));
    }
    if after.contains(&irp) {
        return Err(PEEKED_AGAIN.broken(format!("CsqPeekNextIrp returned {name} again")));
    }
    Ok(())
}

/// `DriverContext[3]` of a queued IRP, as it is found.
///
/// # Errors
/// The broken rule.
pub fn check_context(world: &mut World, irp: usize, found: usize) -> Result<(), Broken> {
    let Some(number) = world.irps.find(irp) else {
        return Ok(());
    };
    match world.irps.get(number).and_then(|irp| irp.queued) {
        Some(queued) if queued.context != found => {
            let name = world.irp_name(number);
            let expected = queued.context;
            Err(CONTEXT_CHANGED.broken(format!(
                "DriverContext[3] of {name} is {found:#x} instead of {expected:#x}"
            )))
        }
        _ => Ok(()),
    }
}

/// The IRP of the context that `IoCsqRemoveIrp` is given for a queue.
///
/// # Errors
/// The broken rule.
pub fn check_context_queue(world: &mut World, csq: usize, irp: usize) -> Result<(), Broken> {
    let Some(number) = world.irps.find(irp) else {
        return Err(OTHER_QUEUE.broken(format!("the context names {irp:#x}, which is no IRP")));
    };
    match world.irps.get(number).and_then(|irp| irp.queued) {
        Some(queued) if queued.csq != csq => {
            let name = world.irp_name(number);
            Err(OTHER_QUEUE.broken(format!("{name} is in another queue")))
        }
        _ => Ok(()),
    }
}

/// What `CsqInsertIrpEx` returned.
///
/// # Errors
/// The broken rule.
pub fn check_insert_status(returned: u32) -> Result<(), Broken> {
    if returned == status::SUCCESS || status::is_error(returned) {
        return Ok(());
    }
    Err(EX_STATUS.broken(format!(
        "CsqInsertIrpEx returned {}",
        status::name(returned)
    )))
}
