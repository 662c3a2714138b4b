//! Spin locks, critical regions, rundown references, remove locks, events, on real threads.
//!
//! The layouts inside the opaque structures are this file's own.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::dpc;
use super::memory::{atomic, atomic_u32, fill, read, write};
use crate::nt::DISPATCH_LEVEL;
use crate::nt::status::{DELETE_PENDING, SUCCESS, TIMEOUT};

routines! {
    KeAcquireSpinLockRaiseToDpc, KeReleaseSpinLock, KeInitializeSpinLock, KeGetCurrentIrql,
    KeEnterCriticalRegion, KeLeaveCriticalRegion, KeEnterGuardedRegion, KeLeaveGuardedRegion, KeAreApcsDisabled,
    ExInitializeRundownProtection, ExReInitializeRundownProtection, ExAcquireRundownProtection,
    ExReleaseRundownProtection, ExWaitForRundownProtectionRelease,
    IoInitializeRemoveLockEx, IoAcquireRemoveLockEx, IoReleaseRemoveLockEx, IoReleaseRemoveLockAndWaitEx,
    KeInitializeEvent, KeSetEvent, KeClearEvent, KeWaitForSingleObject,
}

thread_local! {
    /// The IRQL of the processor that this thread stands for.
    static IRQL: Cell<u8> = const { Cell::new(0) };
    /// How many critical and guarded regions this thread is in.
    static REGIONS: Cell<u32> = const { Cell::new(0) };
    /// How often drivers have taken a spin lock on this thread.
    static HOLDS: Cell<usize> = const { Cell::new(0) };
}

/// How often drivers have taken a spin lock on this thread.
pub fn holds() -> usize {
    HOLDS.get()
}

/// The current IRQL.
#[inline]
pub fn irql() -> u8 {
    IRQL.get()
}

/// Does something as a DPC would.
pub fn at_dispatch_level<R>(work: impl FnOnce() -> R) -> R {
    let irql = IRQL.replace(DISPATCH_LEVEL);
    let result = work();
    lower(irql);
    result
}

/// Goes back to an IRQL, and runs what waits for that first.
#[inline]
fn lower(irql: u8) {
    if irql < DISPATCH_LEVEL && dpc::is_any_queued() {
        dpc::run();
    }
    IRQL.set(irql);
}

/// Spins until `done`; lets other threads run when that takes long, since the holder may be one
/// that Linux has interrupted.
#[inline]
pub fn spin(mut done: impl FnMut() -> bool) {
    const PATIENCE: u32 = 1 << 10;
    let mut tries = 0;
    while !done() {
        tries += 1;
        if tries < PATIENCE {
            std::hint::spin_loop();
        } else {
            std::thread::yield_now();
        }
    }
}

/// Takes the lock in `word`.
#[inline]
pub fn lock(word: &AtomicUsize) {
    while word.swap(1, Ordering::Acquire) != 0 {
        spin(|| word.load(Ordering::Relaxed) == 0);
    }
}

/// Takes the lock in `word` at `DISPATCH_LEVEL` and returns the IRQL from before.
#[inline]
pub fn acquire(word: &AtomicUsize) -> u8 {
    lock(word);
    IRQL.replace(DISPATCH_LEVEL)
}

/// Gives it back.
#[inline]
pub fn release(word: &AtomicUsize, irql: u8) {
    word.store(0, Ordering::Release);
    lower(irql);
}

pub extern "win64" fn KeAcquireSpinLockRaiseToDpc(word: usize) -> u8 {
    HOLDS.set(HOLDS.get() + 1);
    acquire(atomic(word))
}

pub extern "win64" fn KeReleaseSpinLock(word: usize, irql: u8) {
    release(atomic(word), irql);
}

pub extern "win64" fn KeInitializeSpinLock(word: usize) {
    write(word, 0usize);
}

pub extern "win64" fn KeGetCurrentIrql() -> u8 {
    irql()
}

pub extern "win64" fn KeEnterCriticalRegion() {
    REGIONS.set(REGIONS.get().wrapping_add(1));
}

pub extern "win64" fn KeLeaveCriticalRegion() {
    REGIONS.set(REGIONS.get().wrapping_sub(1));
}

pub extern "win64" fn KeEnterGuardedRegion() {
    KeEnterCriticalRegion();
}

pub extern "win64" fn KeLeaveGuardedRegion() {
    KeLeaveCriticalRegion();
}

pub extern "win64" fn KeAreApcsDisabled() -> u8 {
    u8::from(REGIONS.get() != 0)
}

/// Bit 0 of a rundown reference: it is run down. Above it, the count.
const CLOSED: usize = 1;
const ONE: usize = 2;

pub extern "win64" fn ExInitializeRundownProtection(reference: usize) {
    write(reference, 0usize);
}

pub extern "win64" fn ExReInitializeRundownProtection(reference: usize) {
    atomic(reference).store(0, Ordering::SeqCst);
}

pub extern "win64" fn ExAcquireRundownProtection(reference: usize) -> u8 {
    let word = atomic(reference);
    let mut value = word.load(Ordering::Relaxed);
    while value & CLOSED == 0 {
        match word.compare_exchange_weak(value, value + ONE, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => return 1,
            Err(found) => value = found,
        }
    }
    0
}

pub extern "win64" fn ExReleaseRundownProtection(reference: usize) {
    atomic(reference).fetch_sub(ONE, Ordering::Release);
}

pub extern "win64" fn ExWaitForRundownProtectionRelease(reference: usize) {
    let word = atomic(reference);
    word.fetch_or(CLOSED, Ordering::AcqRel);
    spin(|| word.load(Ordering::Acquire) == CLOSED);
}

/// A remove lock: whether the device is being removed, and the count.
mod remove_lock {
    pub const REMOVED: usize = 0;
    pub const COUNT: usize = 4;
}

pub extern "win64" fn IoInitializeRemoveLockEx(
    lock: usize,
    _tag: u32,
    _m: u32,
    _h: u32,
    size: u32,
) {
    fill(lock, size as usize, 0);
    write(lock + remove_lock::COUNT, 1u32);
}

pub extern "win64" fn IoAcquireRemoveLockEx(
    lock: usize,
    _tag: usize,
    _file: usize,
    _line: u32,
    _size: u32,
) -> u32 {
    let count = atomic_u32(lock + remove_lock::COUNT);
    count.fetch_add(1, Ordering::Acquire);
    if read::<u32>(lock + remove_lock::REMOVED) == 0 {
        SUCCESS
    } else {
        count.fetch_sub(1, Ordering::Release);
        DELETE_PENDING
    }
}

pub extern "win64" fn IoReleaseRemoveLockEx(lock: usize, _tag: usize, _size: u32) {
    atomic_u32(lock + remove_lock::COUNT).fetch_sub(1, Ordering::Release);
}

pub extern "win64" fn IoReleaseRemoveLockAndWaitEx(lock: usize, _tag: usize, _size: u32) {
    atomic_u32(lock + remove_lock::REMOVED).store(1, Ordering::SeqCst);
    let count = atomic_u32(lock + remove_lock::COUNT);
    // The caller's reference, and the device's own.
    count.fetch_sub(2, Ordering::AcqRel);
    spin(|| count.load(Ordering::Acquire) == 0);
}

/// Where an event has its state.
const SIGNALED: usize = 4;

pub extern "win64" fn KeInitializeEvent(event: usize, _kind: u32, state: u8) {
    write(event + SIGNALED, u32::from(state));
}

pub extern "win64" fn KeSetEvent(event: usize, _boost: u32, _wait: u8) -> u32 {
    atomic_u32(event + SIGNALED).swap(1, Ordering::AcqRel)
}

pub extern "win64" fn KeClearEvent(event: usize) {
    atomic_u32(event + SIGNALED).store(0, Ordering::Release);
}

/// Waits for a notification event, which is all that a driver waits for here.
pub extern "win64" fn KeWaitForSingleObject(
    object: usize,
    _reason: u32,
    _mode: u32,
    _alertable: u8,
    timeout: usize,
) -> u32 {
    let state = atomic_u32(object + SIGNALED);
    if timeout != 0 && state.load(Ordering::Acquire) == 0 {
        return TIMEOUT;
    }
    spin(|| state.load(Ordering::Acquire) != 0);
    SUCCESS
}
