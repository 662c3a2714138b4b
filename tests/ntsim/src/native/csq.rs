//! IoCsq in the documented order, without checks.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use super::io::{self, CANCEL_LOCK};
use super::memory::{atomic, atomic_u8, call, fill, read, write};
use super::sync;
use crate::nt::csq::{Callback, SIZE, TYPE_CONTEXT, TYPE_CSQ, TYPE_CSQ_EX};
use crate::nt::irp;
use crate::nt::status::{self, SUCCESS};

routines! { IoCsqInitialize, IoCsqInitializeEx, IoCsqInsertIrp, IoCsqInsertIrpEx, IoCsqRemoveIrp, IoCsqRemoveNextIrp }

/// `IO_CSQ_IRP_CONTEXT`.
mod context {
    pub const TYPE: usize = 0x00;
    pub const IRP: usize = 0x08;
    pub const CSQ: usize = 0x10;
}

/// The callbacks of all queues, for [`super::count`].
static CALLBACKS: Mutex<Vec<(usize, Callback)>> = Mutex::new(Vec::new());

/// The callbacks that drivers have registered, by address.
pub fn callbacks() -> Vec<(usize, Callback)> {
    CALLBACKS
        .lock()
        .map_or_else(|_| Vec::new(), |all| all.clone())
}

/// Forgets the callbacks of a driver that is unloaded.
pub fn forget(code: &Range<usize>) {
    if let Ok(mut all) = CALLBACKS.lock() {
        all.retain(|(address, _)| !code.contains(address));
    }
}

fn initialize(csq: usize, kind: u32, callbacks: [usize; 6]) -> u32 {
    const ORDER: [Callback; 6] = [
        Callback::Insert,
        Callback::Remove,
        Callback::PeekNext,
        Callback::AcquireLock,
        Callback::ReleaseLock,
        Callback::CompleteCanceled,
    ];
    fill(csq, SIZE, 0);
    write(csq, kind);
    for (which, address) in ORDER.into_iter().zip(callbacks) {
        write(csq + which as usize * size_of::<usize>(), address);
        if let Ok(mut all) = CALLBACKS.lock() {
            all.push((address, which));
        }
    }
    SUCCESS
}

pub extern "win64" fn IoCsqInitialize(
    csq: usize,
    insert: usize,
    remove: usize,
    peek: usize,
    acquire: usize,
    release: usize,
    complete: usize,
) -> u32 {
    let callbacks = [insert, remove, peek, acquire, release, complete];
    initialize(csq, TYPE_CSQ, callbacks)
}

pub extern "win64" fn IoCsqInitializeEx(
    csq: usize,
    insert: usize,
    remove: usize,
    peek: usize,
    acquire: usize,
    release: usize,
    complete: usize,
) -> u32 {
    let callbacks = [insert, remove, peek, acquire, release, complete];
    initialize(csq, TYPE_CSQ_EX, callbacks)
}

#[inline]
fn callback(csq: usize, which: Callback, second: usize, third: usize) -> usize {
    let function = read(csq + which as usize * size_of::<usize>());
    call(function, [csq, second, third, 0])
}

#[inline]
fn lock(csq: usize) -> u8 {
    let mut irql = 0u8;
    callback(csq, Callback::AcquireLock, &raw mut irql as usize, 0);
    // The driver has written it.
    std::hint::black_box(irql)
}

#[inline]
fn unlock(csq: usize, irql: u8) {
    callback(csq, Callback::ReleaseLock, usize::from(irql), 0);
}

/// `IoSetCancelRoutine`.
#[inline]
fn exchange_cancel_routine(address: usize, routine: usize) -> usize {
    atomic(address + irp::CANCEL_ROUTINE).swap(routine, Ordering::SeqCst)
}

#[inline]
fn is_canceled(address: usize) -> bool {
    atomic_u8(address + irp::CANCEL).load(Ordering::SeqCst) != 0
}

/// Ends an IRP's membership, and calls `CsqRemoveIrp`.
#[inline]
fn remove(csq: usize, address: usize) {
    let owner: usize = read(address + irp::CSQ_CONTEXT);
    if read::<u32>(owner) == TYPE_CONTEXT {
        write(owner + context::IRP, 0usize);
    }
    write(address + irp::CSQ_CONTEXT, 0usize);
    callback(csq, Callback::Remove, address, 0);
}

pub extern "win64" fn IoCsqInsertIrp(csq: usize, address: usize, context: usize) {
    IoCsqInsertIrpEx(csq, address, context, 0);
}

pub extern "win64" fn IoCsqInsertIrpEx(
    csq: usize,
    address: usize,
    context: usize,
    insert_context: usize,
) -> u32 {
    let irql = lock(csq);
    if is_canceled(address) {
        io::mark_pending(address);
        unlock(csq, irql);
        callback(csq, Callback::CompleteCanceled, address, 0);
        return SUCCESS;
    }
    if context == 0 {
        write(address + irp::CSQ_CONTEXT, csq);
    } else {
        write(context + context::TYPE, TYPE_CONTEXT);
        write(context + context::IRP, address);
        write(context + context::CSQ, csq);
        write(address + irp::CSQ_CONTEXT, context);
    }
    let returned = callback(csq, Callback::Insert, address, insert_context) as u32;
    if read::<u32>(csq) == TYPE_CSQ_EX && !status::is_success(returned) {
        if context != 0 {
            write(context + context::IRP, 0usize);
        }
        write(address + irp::CSQ_CONTEXT, 0usize);
        unlock(csq, irql);
        return returned;
    }
    io::mark_pending(address);
    exchange_cancel_routine(address, cancel_routine as *const () as usize);
    if is_canceled(address) && exchange_cancel_routine(address, 0) != 0 {
        remove(csq, address);
        unlock(csq, irql);
        callback(csq, Callback::CompleteCanceled, address, 0);
        return SUCCESS;
    }
    unlock(csq, irql);
    SUCCESS
}

pub extern "win64" fn IoCsqRemoveNextIrp(csq: usize, peek_context: usize) -> usize {
    let irql = lock(csq);
    let mut address = 0;
    loop {
        address = callback(csq, Callback::PeekNext, address, peek_context);
        if address == 0 {
            break;
        }
        if exchange_cancel_routine(address, 0) != 0 {
            remove(csq, address);
            break;
        }
    }
    unlock(csq, irql);
    address
}

pub extern "win64" fn IoCsqRemoveIrp(csq: usize, context: usize) -> usize {
    let irql = lock(csq);
    let mut address: usize = read(context + context::IRP);
    if address != 0 {
        if exchange_cancel_routine(address, 0) == 0 {
            address = 0;
        } else {
            remove(csq, address);
        }
    }
    unlock(csq, irql);
    address
}

/// The cancel routine of every queued IRP.
extern "win64" fn cancel_routine(_device: usize, address: usize) {
    sync::release(&CANCEL_LOCK, read(address + irp::CANCEL_IRQL));
    let owner: usize = read(address + irp::CSQ_CONTEXT);
    let csq = if read::<u32>(owner) == TYPE_CONTEXT {
        read(owner + context::CSQ)
    } else {
        owner
    };
    let irql = lock(csq);
    remove(csq, address);
    unlock(csq, irql);
    callback(csq, Callback::CompleteCanceled, address, 0);
}
