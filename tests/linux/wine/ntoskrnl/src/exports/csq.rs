//! `IoCsq*`.
//!
//! UNSAFETY: entry points of a DLL; each passes its caller's promise on.
#![expect(unsafe_code, reason = "entry points of a DLL")]

use core::ffi::c_void;
use core::ptr::null_mut;

use crate::abi::{Irp, Irql, Status};
use crate::base;
use crate::csq::{
    self, AcquireLock, CancelLock, CompleteCanceledIrp, InsertIrp, InsertIrpEx, IoCsq, IrpContext,
    PeekNextIrp, ReleaseLock, RemoveIrp, Routines,
};

/// Wine's cancel spin lock.
struct Wine;

impl CancelLock for Wine {
    fn release(irql: Irql) {
        // SAFETY: the cancel routine calls it once, holding the lock that Wine's IoCancelIrp took.
        unsafe { base::IoReleaseCancelSpinLock(irql) };
    }
}

#[unsafe(export_name = "wine_host_IoCsqInitialize")]
unsafe extern "system" fn initialize(
    csq: *mut IoCsq,
    insert: InsertIrp,
    remove: RemoveIrp,
    peek_next: PeekNextIrp,
    acquire_lock: AcquireLock,
    release_lock: ReleaseLock,
    complete_canceled: CompleteCanceledIrp,
) -> Status {
    let routines = Routines {
        remove,
        peek_next,
        acquire_lock,
        release_lock,
        complete_canceled,
    };
    // SAFETY: the driver keeps to the documentation of IoCsqInitialize.
    unsafe { csq::initialize(csq, insert, &routines) }
}

#[unsafe(export_name = "wine_host_IoCsqInitializeEx")]
unsafe extern "system" fn initialize_ex(
    csq: *mut IoCsq,
    insert: InsertIrpEx,
    remove: RemoveIrp,
    peek_next: PeekNextIrp,
    acquire_lock: AcquireLock,
    release_lock: ReleaseLock,
    complete_canceled: CompleteCanceledIrp,
) -> Status {
    let routines = Routines {
        remove,
        peek_next,
        acquire_lock,
        release_lock,
        complete_canceled,
    };
    // SAFETY: the driver keeps to the documentation of IoCsqInitializeEx.
    unsafe { csq::initialize_ex(csq, insert, &routines) }
}

#[unsafe(export_name = "wine_host_IoCsqInsertIrp")]
unsafe extern "system" fn insert(csq: *mut IoCsq, irp: *mut Irp, context: *mut IrpContext) {
    // SAFETY: the driver keeps to the documentation of IoCsqInsertIrp.
    unsafe { csq::insert::<Wine>(csq, irp, context, null_mut()) };
}

#[unsafe(export_name = "wine_host_IoCsqInsertIrpEx")]
unsafe extern "system" fn insert_ex(
    csq: *mut IoCsq,
    irp: *mut Irp,
    context: *mut IrpContext,
    insert_context: *mut c_void,
) -> Status {
    // SAFETY: the driver keeps to the documentation of IoCsqInsertIrpEx.
    unsafe { csq::insert::<Wine>(csq, irp, context, insert_context) }
}

#[unsafe(export_name = "wine_host_IoCsqRemoveIrp")]
unsafe extern "system" fn remove(csq: *mut IoCsq, context: *mut IrpContext) -> *mut Irp {
    // SAFETY: the driver keeps to the documentation of IoCsqRemoveIrp.
    unsafe { csq::remove(csq, context) }
}

#[unsafe(export_name = "wine_host_IoCsqRemoveNextIrp")]
unsafe extern "system" fn remove_next(csq: *mut IoCsq, peek_context: *mut c_void) -> *mut Irp {
    // SAFETY: the driver keeps to the documentation of IoCsqRemoveNextIrp.
    unsafe { csq::remove_next(csq, peek_context) }
}
