//! `IoCsq*`, as their pages describe them: an IRP is inserted, and then canceled if it was before.

#![expect(
    non_snake_case,
    missing_docs,
    reason = "Microsoft's names; a driver that misuses one panics"
)]

use core::mem::transmute;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU8, Ordering};

use crate::constants::{SL_PENDING_RETURNED, STATUS_SUCCESS};
use crate::types::{
    IO_CSQ, IO_CSQ_IRP_CONTEXT, IRP, NTSTATUS, PDEVICE_OBJECT, PDRIVER_CANCEL, PIO_CSQ,
    PIO_CSQ_ACQUIRE_LOCK, PIO_CSQ_COMPLETE_CANCELED_IRP, PIO_CSQ_INSERT_IRP, PIO_CSQ_INSERT_IRP_EX,
    PIO_CSQ_PEEK_NEXT_IRP, PIO_CSQ_RELEASE_LOCK, PIO_CSQ_REMOVE_IRP, PIRP, PVOID,
};

/// `IO_TYPE_CSQ` and `IO_TYPE_CSQ_EX`.
const PLAIN: u32 = 2;
const EXTENDED: u32 = 3;
/// `IO_TYPE_CSQ_IRP_CONTEXT`.
const CONTEXT: u32 = 1;

pub unsafe extern "C" fn IoCsqInitialize(
    csq: PIO_CSQ,
    insert: PIO_CSQ_INSERT_IRP,
    remove: PIO_CSQ_REMOVE_IRP,
    peek: PIO_CSQ_PEEK_NEXT_IRP,
    acquire: PIO_CSQ_ACQUIRE_LOCK,
    release: PIO_CSQ_RELEASE_LOCK,
    complete: PIO_CSQ_COMPLETE_CANCELED_IRP,
) -> NTSTATUS {
    let new = IO_CSQ {
        Type: PLAIN,
        CsqInsertIrp: insert,
        CsqRemoveIrp: remove,
        CsqPeekNextIrp: peek,
        CsqAcquireLock: acquire,
        CsqReleaseLock: release,
        CsqCompleteCanceledIrp: complete,
        ReservePointer: null_mut(),
    };
    unsafe { csq.write(new) };
    STATUS_SUCCESS
}

pub unsafe extern "C" fn IoCsqInitializeEx(
    csq: PIO_CSQ,
    insert: PIO_CSQ_INSERT_IRP_EX,
    remove: PIO_CSQ_REMOVE_IRP,
    peek: PIO_CSQ_PEEK_NEXT_IRP,
    acquire: PIO_CSQ_ACQUIRE_LOCK,
    release: PIO_CSQ_RELEASE_LOCK,
    complete: PIO_CSQ_COMPLETE_CANCELED_IRP,
) -> NTSTATUS {
    // The field has room for one routine, of either kind; the type says which.
    let insert: PIO_CSQ_INSERT_IRP = unsafe { transmute(insert) };
    unsafe { IoCsqInitialize(csq, insert, remove, peek, acquire, release, complete) };
    unsafe { (*csq).Type = EXTENDED };
    STATUS_SUCCESS
}

/// A queue's callbacks, of a queue that was initialized.
struct Queue(PIO_CSQ);

impl Queue {
    fn callbacks(&self) -> &IO_CSQ {
        unsafe { &*self.0 }
    }

    /// Runs `work` with the queue's lock held.
    fn locked<R>(&self, work: impl FnOnce() -> R) -> R {
        let mut irql = 0;
        let acquire = self.callbacks().CsqAcquireLock.expect("a callback");
        unsafe { acquire(self.0, &raw mut irql) };
        let result = work();
        let release = self.callbacks().CsqReleaseLock.expect("a callback");
        unsafe { release(self.0, irql) };
        result
    }

    fn remove(&self, irp: PIRP) {
        let remove = self.callbacks().CsqRemoveIrp.expect("a callback");
        unsafe { remove(self.0, irp) };
    }

    fn peek(&self, irp: PIRP, context: PVOID) -> PIRP {
        let peek = self.callbacks().CsqPeekNextIrp.expect("a callback");
        unsafe { peek(self.0, irp, context) }
    }

    fn complete_canceled(&self, irp: PIRP) {
        let complete = self.callbacks().CsqCompleteCanceledIrp.expect("a callback");
        unsafe { complete(self.0, irp) };
    }
}

fn cancel_routine<'a>(irp: PIRP) -> &'a AtomicPtr<()> {
    unsafe { AtomicPtr::from_ptr((&raw mut (*irp).CancelRoutine).cast()) }
}

/// Somebody may be canceling the IRP meanwhile.
pub(crate) fn has_cancel_routine(irp: PIRP) -> bool {
    !cancel_routine(irp).load(Ordering::Acquire).is_null()
}

fn canceled<'a>(irp: PIRP) -> &'a AtomicU8 {
    unsafe { AtomicU8::from_ptr(&raw mut (*irp).Cancel) }
}

/// `IoSetCancelRoutine(irp, NULL)`: whether there was one.
fn clear_cancel_routine(irp: PIRP) -> bool {
    !cancel_routine(irp)
        .swap(null_mut(), Ordering::AcqRel)
        .is_null()
}

/// `DriverContext[3]`, which is these routines'.
unsafe fn own_word(irp: *mut IRP) -> *mut PVOID {
    unsafe {
        &raw mut (*irp)
            .Tail
            .Overlay
            .__bindgen_anon_1
            .__bindgen_anon_1
            .DriverContext[3]
    }
}

/// The queue and the context, if any, that an IRP was inserted with.
unsafe fn queue_of(irp: PIRP) -> (Queue, *mut IO_CSQ_IRP_CONTEXT) {
    let word = unsafe { *own_word(irp) };
    let kind = unsafe { *word.cast::<u32>() };
    if kind == CONTEXT {
        let context = word.cast::<IO_CSQ_IRP_CONTEXT>();
        (Queue(unsafe { (*context).Csq }), context)
    } else {
        (Queue(word.cast()), null_mut())
    }
}

/// The end of what leads from a context to its IRP.
unsafe fn forget(irp: PIRP) {
    let (_, context) = unsafe { queue_of(irp) };
    if !context.is_null() {
        unsafe { (*context).Irp = null_mut() };
    }
    unsafe { *own_word(irp) = null_mut() };
}

pub unsafe extern "C" fn IoCsqInsertIrp(csq: PIO_CSQ, irp: PIRP, context: *mut IO_CSQ_IRP_CONTEXT) {
    unsafe { IoCsqInsertIrpEx(csq, irp, context, null_mut()) };
}

pub unsafe extern "C" fn IoCsqInsertIrpEx(
    csq: PIO_CSQ,
    irp: PIRP,
    context: *mut IO_CSQ_IRP_CONTEXT,
    insert_context: PVOID,
) -> NTSTATUS {
    let queue = Queue(csq);
    let mut to_complete = false;
    let status = queue.locked(|| {
        unsafe {
            if context.is_null() {
                *own_word(irp) = csq.cast();
            } else {
                (*context).Type = CONTEXT;
                (*context).Irp = irp;
                (*context).Csq = csq;
                *own_word(irp) = context.cast();
            }
            let place = (*irp).Tail.Overlay.__bindgen_anon_2.__bindgen_anon_1;
            (*place.CurrentStackLocation).Control |= SL_PENDING_RETURNED as u8;
        }
        let insert = queue.callbacks().CsqInsertIrp.expect("a callback");
        if queue.callbacks().Type == EXTENDED {
            let insert: PIO_CSQ_INSERT_IRP_EX = unsafe { transmute(insert) };
            let insert = insert.expect("a callback");
            let status = unsafe { insert(csq, irp, insert_context) };
            if status < 0 {
                unsafe { forget(irp) };
                return status;
            }
        } else {
            unsafe { insert(csq, irp) };
        }
        let routine: PDRIVER_CANCEL = Some(cancel_queued);
        let routine: *mut () = unsafe { transmute(routine) };
        let before = cancel_routine(irp).swap(routine, Ordering::AcqRel);
        assert!(before.is_null(), "an IRP is queued twice");
        if canceled(irp).load(Ordering::Acquire) != 0 && clear_cancel_routine(irp) {
            queue.remove(irp);
            unsafe { forget(irp) };
            to_complete = true;
        }
        STATUS_SUCCESS
    });
    if to_complete {
        queue.complete_canceled(irp);
    }
    status
}

pub unsafe extern "C" fn IoCsqRemoveNextIrp(csq: PIO_CSQ, context: PVOID) -> PIRP {
    let queue = Queue(csq);
    queue.locked(|| {
        let mut irp = queue.peek(null_mut(), context);
        // One that is being canceled is passed over.
        while !irp.is_null() && !clear_cancel_routine(irp) {
            irp = queue.peek(irp, context);
        }
        if !irp.is_null() {
            queue.remove(irp);
            unsafe { forget(irp) };
        }
        irp
    })
}

pub unsafe extern "C" fn IoCsqRemoveIrp(csq: PIO_CSQ, context: *mut IO_CSQ_IRP_CONTEXT) -> PIRP {
    let queue = Queue(csq);
    queue.locked(|| {
        let irp = unsafe { (*context).Irp };
        if irp.is_null() || !clear_cancel_routine(irp) {
            return null_mut();
        }
        queue.remove(irp);
        unsafe { forget(irp) };
        irp
    })
}

/// The cancel routine of an IRP in a queue.
unsafe extern "C" fn cancel_queued(_device: PDEVICE_OBJECT, irp: PIRP) {
    let (queue, _) = unsafe { queue_of(irp) };
    queue.locked(|| {
        queue.remove(irp);
        unsafe { forget(irp) };
    });
    queue.complete_canceled(irp);
}

/// `IoCancelIrp`: whether the IRP had a cancel routine, which has run then. The caller keeps the IRP until this returns.
pub(crate) unsafe fn cancel(irp: PIRP) -> bool {
    canceled(irp).store(1, Ordering::Release);
    let routine = cancel_routine(irp).swap(null_mut(), Ordering::AcqRel);
    let routine: PDRIVER_CANCEL = unsafe { transmute(routine) };
    let Some(routine) = routine else { return false };
    unsafe { routine(null_mut(), irp) };
    true
}
