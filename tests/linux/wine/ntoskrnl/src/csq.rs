//! The six IoCsq routines.
//!
//! Written from Microsoft's documentation of each and of
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/cancel-safe-irp-queues>; where its
//! pages leave room, the order is the one they list:
//!
//! - an IRP that is canceled already is not inserted; it is marked pending and goes to
//!   `CsqCompleteCanceledIrp`, without the queue's lock and without `CsqInsertIrp` or `CsqRemoveIrp`;
//! - otherwise `CsqAcquireLock`, `CsqInsertIrp`, `IoMarkIrpPending`, `CsqReleaseLock`;
//! - an IRP that is canceled meanwhile is removed again by `CsqRemoveIrp` and goes to
//!   `CsqCompleteCanceledIrp` after `CsqReleaseLock`;
//! - when `CsqInsertIrpEx` refuses, the IRP is not marked pending.
//!
//! Other descriptions of the same routines differ in these points, so a driver must not depend on
//! them. The simulated kernel of this project has the other orders.
//!
//! UNSAFETY: follows the pointers a driver gives, and calls the routines a driver registers.
#![expect(
    unsafe_code,
    reason = "works on a driver's queue through pointers, and calls the driver"
)]

use core::ffi::c_void;
use core::ptr::null_mut;

use crate::abi::{DeviceObject, Irp, Irql, STATUS_SUCCESS, Status};
use crate::irp::Request;

/// `IO_CSQ_INSERT_IRP`.
pub type InsertIrp = unsafe extern "system" fn(*mut IoCsq, *mut Irp);
/// `IO_CSQ_INSERT_IRP_EX`.
pub type InsertIrpEx = unsafe extern "system" fn(*mut IoCsq, *mut Irp, *mut c_void) -> Status;
/// `IO_CSQ_REMOVE_IRP`.
pub type RemoveIrp = unsafe extern "system" fn(*mut IoCsq, *mut Irp);
/// `IO_CSQ_PEEK_NEXT_IRP`.
pub type PeekNextIrp = unsafe extern "system" fn(*mut IoCsq, *mut Irp, *mut c_void) -> *mut Irp;
/// `IO_CSQ_ACQUIRE_LOCK`.
pub type AcquireLock = unsafe extern "system" fn(*mut IoCsq, *mut Irql);
/// `IO_CSQ_RELEASE_LOCK`.
pub type ReleaseLock = unsafe extern "system" fn(*mut IoCsq, Irql);
/// `IO_CSQ_COMPLETE_CANCELED_IRP`.
pub type CompleteCanceledIrp = unsafe extern "system" fn(*mut IoCsq, *mut Irp);

/// What stands at the beginning of each structure that `DriverContext[3]` may point to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Kind {
    /// `IO_TYPE_CSQ_IRP_CONTEXT`.
    Context = 1,
    /// `IO_TYPE_CSQ`.
    Queue = 2,
    /// `IO_TYPE_CSQ_EX`.
    QueueEx = 3,
}

/// The routine that inserts; which one it is, the queue's kind says.
#[derive(Clone, Copy)]
#[repr(C)]
union Insert {
    plain: InsertIrp,
    extended: InsertIrpEx,
}

/// `IO_CSQ`.
#[repr(C)]
pub struct IoCsq {
    kind: Kind,
    insert: Insert,
    remove: RemoveIrp,
    peek_next: PeekNextIrp,
    acquire_lock: AcquireLock,
    release_lock: ReleaseLock,
    complete_canceled: CompleteCanceledIrp,
    reserved: *mut c_void,
}

/// `IO_CSQ_IRP_CONTEXT`.
#[repr(C)]
pub struct IrpContext {
    kind: Kind,
    irp: *mut Irp,
    csq: *mut IoCsq,
}

const _: () = assert!(size_of::<IoCsq>() == 0x40);
const _: () = assert!(size_of::<IrpContext>() == 0x18);

/// The driver's routines besides the one that inserts.
#[derive(Clone, Copy)]
pub struct Routines {
    /// `CsqRemoveIrp`.
    pub remove: RemoveIrp,
    /// `CsqPeekNextIrp`.
    pub peek_next: PeekNextIrp,
    /// `CsqAcquireLock`.
    pub acquire_lock: AcquireLock,
    /// `CsqReleaseLock`.
    pub release_lock: ReleaseLock,
    /// `CsqCompleteCanceledIrp`.
    pub complete_canceled: CompleteCanceledIrp,
}

/// The one service of the kernel that the cancel routine needs.
pub trait CancelLock {
    /// `IoReleaseCancelSpinLock`.
    fn release(irql: Irql);
}

/// `IoCsqInitialize`.
///
/// # Safety
/// `csq` is writable, and the routines follow their documentation.
pub unsafe fn initialize(csq: *mut IoCsq, insert: InsertIrp, routines: &Routines) -> Status {
    // SAFETY: passed on.
    unsafe { set_up(csq, Kind::Queue, Insert { plain: insert }, routines) }
}

/// `IoCsqInitializeEx`.
///
/// # Safety
/// As for [`initialize`].
pub unsafe fn initialize_ex(csq: *mut IoCsq, insert: InsertIrpEx, routines: &Routines) -> Status {
    // SAFETY: passed on.
    unsafe { set_up(csq, Kind::QueueEx, Insert { extended: insert }, routines) }
}

unsafe fn set_up(csq: *mut IoCsq, kind: Kind, insert: Insert, routines: &Routines) -> Status {
    let value = IoCsq {
        kind,
        insert,
        remove: routines.remove,
        peek_next: routines.peek_next,
        acquire_lock: routines.acquire_lock,
        release_lock: routines.release_lock,
        complete_canceled: routines.complete_canceled,
        reserved: null_mut(),
    };
    // SAFETY: writable by the caller's word.
    unsafe { csq.write(value) };
    STATUS_SUCCESS
}

/// `IoCsqInsertIrpEx`, and with a null `insert_context` `IoCsqInsertIrp`.
///
/// # Safety
/// `csq` is initialized, the caller owns `irp`, and `context` is null or writable until the IRP has
/// left the queue.
pub unsafe fn insert<L: CancelLock>(
    csq: *mut IoCsq,
    irp: *mut Irp,
    context: *mut IrpContext,
    insert_context: *mut c_void,
) -> Status {
    let queue = Queue(csq);
    // SAFETY: the caller owns it; it is not used once it may have been completed.
    let request = unsafe { Request::new(irp) };
    let canceled = request.is_canceled();
    // SAFETY: null or writable, by the caller's word. A context whose IRP is null names none.
    unsafe { fill(context, if canceled { null_mut() } else { irp }, csq) };
    if canceled {
        request.mark_pending();
        queue.complete_canceled(request);
        return STATUS_SUCCESS;
    }
    request.set_queue_word(if context.is_null() {
        csq.cast()
    } else {
        context.cast()
    });

    let irql = queue.lock();
    let status = queue.insert(request, insert_context);
    if status < 0 {
        // Not queued: the caller still has it.
        // SAFETY: null or writable, by the caller's word.
        unsafe { fill(context, null_mut(), csq) };
        request.set_queue_word(null_mut());
        queue.unlock(irql);
        return status;
    }
    request.mark_pending();
    request.set_cancel_routine(cancel::<L>);
    // Whoever canceled it before this exchange found no cancel routine to call, so it is done here;
    // unless the cancel routine was taken since, and is waiting for the lock.
    if request.is_canceled() && request.take_cancel_routine() {
        queue.remove(request);
        queue.unlock(irql);
        queue.complete_canceled(request);
    } else {
        queue.unlock(irql);
    }
    status
}

/// `IoCsqRemoveIrp`: the IRP of `context`, or null when it was removed or canceled.
///
/// # Safety
/// `csq` is initialized, and `context` was given to [`insert`] with it.
pub unsafe fn remove(csq: *mut IoCsq, context: *mut IrpContext) -> *mut Irp {
    let queue = Queue(csq);
    let irql = queue.lock();
    // SAFETY: initialized by `insert`, and changed under the lock only.
    let irp = unsafe { (*context).irp };
    // SAFETY: a context names an IRP only while that is queued, and the lock is held.
    let request = (!irp.is_null()).then(|| unsafe { Request::new(irp) });
    let removed = request.filter(|request| queue.take(*request));
    queue.unlock(irql);
    removed.map_or(null_mut(), Request::as_ptr)
}

/// `IoCsqRemoveNextIrp`: the first IRP that matches and is not being canceled, or null.
///
/// # Safety
/// `csq` is initialized.
pub unsafe fn remove_next(csq: *mut IoCsq, peek_context: *mut c_void) -> *mut Irp {
    let queue = Queue(csq);
    let irql = queue.lock();
    let mut candidate = queue.peek_next(null_mut(), peek_context);
    while let Some(request) = candidate {
        if queue.take(request) {
            break;
        }
        candidate = queue.peek_next(request.as_ptr(), peek_context);
    }
    queue.unlock(irql);
    candidate.map_or(null_mut(), Request::as_ptr)
}

/// The cancel routine of every queued IRP.
///
/// # Safety
/// Called by `IoCancelIrp`, with the cancel spin lock held, for an IRP that [`insert`] has queued.
unsafe extern "system" fn cancel<L: CancelLock>(_: *mut DeviceObject, irp: *mut Irp) {
    // SAFETY: who has taken the cancel routine owns the IRP.
    let request = unsafe { Request::new(irp) };
    L::release(request.cancel_irql());
    let queue = queue_of(request);
    let irql = queue.lock();
    queue.remove(request);
    queue.unlock(irql);
    queue.complete_canceled(request);
}

/// Makes `context` name `irp` in `csq`.
///
/// # Safety
/// `context` is null or writable.
unsafe fn fill(context: *mut IrpContext, irp: *mut Irp, csq: *mut IoCsq) {
    if !context.is_null() {
        let value = IrpContext {
            kind: Kind::Context,
            irp,
            csq,
        };
        // SAFETY: writable by the caller's word.
        unsafe { context.write(value) };
    }
}

/// The context of a queued IRP, if it has one.
fn context_of(request: Request) -> Option<*mut IrpContext> {
    let word = request.queue_word();
    // SAFETY: the word of a queued IRP points to a queue or a context, and both begin with a kind.
    let kind = unsafe { *word.cast::<Kind>() };
    (kind == Kind::Context).then_some(word.cast())
}

/// The queue of a queued IRP.
fn queue_of(request: Request) -> Queue {
    match context_of(request) {
        // SAFETY: a context lives as long as its IRP is queued, and its queue does not change.
        Some(context) => Queue(unsafe { (*context).csq }),
        None => Queue(request.queue_word().cast()),
    }
}

/// An initialized queue, and the driver's routines as methods.
///
/// # Invariants
/// It points to what [`set_up`] wrote; the routines are called as their documentation says.
#[derive(Clone, Copy)]
struct Queue(*mut IoCsq);

impl Queue {
    fn lock(self) -> Irql {
        let mut irql = 0;
        // SAFETY: initialized, by the type's invariant.
        let routine = unsafe { (*self.0).acquire_lock };
        // SAFETY: called without the lock; the driver follows the routine's documentation.
        unsafe { routine(self.0, &raw mut irql) };
        irql
    }

    fn unlock(self, irql: Irql) {
        // SAFETY: initialized, by the type's invariant.
        let routine = unsafe { (*self.0).release_lock };
        // SAFETY: called with the lock, and the IRQL it gave.
        unsafe { routine(self.0, irql) };
    }

    /// With the lock.
    fn insert(self, request: Request, insert_context: *mut c_void) -> Status {
        // SAFETY: initialized, by the type's invariant.
        let kind = unsafe { (*self.0).kind };
        // SAFETY: as above.
        let insert = unsafe { (*self.0).insert };
        if kind == Kind::QueueEx {
            // SAFETY: the kind says that this is the routine there is.
            let routine = unsafe { insert.extended };
            // SAFETY: called with the lock, for an IRP that is in no queue.
            unsafe { routine(self.0, request.as_ptr(), insert_context) }
        } else {
            // SAFETY: the kind says that this is the routine there is.
            let routine = unsafe { insert.plain };
            // SAFETY: called with the lock, for an IRP that is in no queue.
            unsafe { routine(self.0, request.as_ptr()) };
            STATUS_SUCCESS
        }
    }

    /// With the lock: takes the IRP out, and nothing names it any more.
    fn remove(self, request: Request) {
        // SAFETY: initialized, by the type's invariant.
        let routine = unsafe { (*self.0).remove };
        // SAFETY: called with the lock, for an IRP that is in the queue.
        unsafe { routine(self.0, request.as_ptr()) };
        if let Some(context) = context_of(request) {
            // SAFETY: lives as long as its IRP is queued, and that ends here, under the lock.
            unsafe { (*context).irp = null_mut() };
        }
        request.set_queue_word(null_mut());
    }

    /// With the lock: removes the IRP for a driver; false when it is being canceled, and so belongs
    /// to the cancel routine.
    fn take(self, request: Request) -> bool {
        let mine = request.take_cancel_routine();
        if mine {
            self.remove(request);
        }
        mine
    }

    /// With the lock.
    fn peek_next(self, after: *mut Irp, peek_context: *mut c_void) -> Option<Request> {
        // SAFETY: initialized, by the type's invariant.
        let routine = unsafe { (*self.0).peek_next };
        // SAFETY: called with the lock, with null or an IRP that is in the queue.
        let irp = unsafe { routine(self.0, after, peek_context) };
        // SAFETY: an IRP that is in the queue, and the lock is held.
        (!irp.is_null()).then(|| unsafe { Request::new(irp) })
    }

    /// Without the lock. The IRP is gone when this returns.
    fn complete_canceled(self, request: Request) {
        // SAFETY: initialized, by the type's invariant.
        let routine = unsafe { (*self.0).complete_canceled };
        // SAFETY: the IRP is in no queue and has no cancel routine.
        unsafe { routine(self.0, request.as_ptr()) };
    }
}

#[cfg(test)]
mod tests;
