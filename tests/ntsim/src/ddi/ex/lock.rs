//! Ex and Ke: locks that belong to threads. Resources are below.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use crate::ddi::ke::region;
use crate::ddi::{enter, exports};
use crate::finding;
use crate::guest;
use crate::nt::{APC_LEVEL, DISPATCH_LEVEL};
use crate::rule;
use crate::rule::mutex::{APCS_ENABLED, NOT_OWNED, RECURSION};
use crate::schedule;
use crate::world;
use crate::world::owned::{Kind, Owned};
use crate::world::step::Touches;
use crate::world::thread::Guard;

exports! {
    ExInitializeFastMutex, ExAcquireFastMutex, ExReleaseFastMutex, ExTryToAcquireFastMutex, ExAcquireFastMutexUnsafe,
    ExReleaseFastMutexUnsafe, KeInitializeGuardedMutex, KeAcquireGuardedMutex, KeReleaseGuardedMutex,
    KeTryToAcquireGuardedMutex, KeAcquireGuardedMutexUnsafe, KeReleaseGuardedMutexUnsafe, ExInitializePushLock,
    ExAcquirePushLockExclusiveEx, ExAcquirePushLockSharedEx, ExReleasePushLockExclusiveEx, ExReleasePushLockSharedEx,
    ExReleasePushLockEx, ExAcquireSpinLockExclusive, ExReleaseSpinLockExclusive, ExAcquireSpinLockShared,
    ExReleaseSpinLockShared, ExAcquireSpinLockExclusiveAtDpcLevel, ExReleaseSpinLockExclusiveFromDpcLevel,
    ExAcquireSpinLockSharedAtDpcLevel, ExReleaseSpinLockSharedFromDpcLevel,
}

/// `sizeof(FAST_MUTEX)`, and where it keeps the IRQL.
const FAST_MUTEX: usize = 0x38;
const OLD_IRQL: usize = 0x30;
/// The size of the other locks.
const WORD: usize = 8;

/// How a lock is acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By one thread.
    Exclusive,
    /// By many.
    Shared,
}

/// How many bytes of the driver's memory a lock is.
const fn size(kind: Kind) -> usize {
    match kind {
        Kind::FastMutex => FAST_MUTEX,
        Kind::Resource => super::resource::SIZE,
        Kind::PushLock | Kind::SpinLock => WORD,
    }
}

/// Works with the record of a lock. Macros of the headers initialize some without a call.
pub fn with_lock<R>(lock: usize, kind: Kind, work: impl FnOnce(&mut Owned) -> R) -> R {
    world::with(|world| work(world.owned.entry(lock).or_insert_with(|| Owned::new(kind))))
}

/// Acquires a lock, and waits for it if `waits`. Returns whether it has it. `recursive` says whether its owner may acquire
/// it again.
pub fn acquire(what: &'static str, lock: usize, kind: Kind, mode: Mode, waits: bool) -> bool {
    let me = world::with(|world| world.current);
    let recursive = kind == Kind::Resource;
    let (mine_alone, mine) = with_lock(lock, kind, |it| {
        let alone = it.exclusive.is_some_and(|(owner, _)| owner == me);
        (alone, it.is_of(me))
    });
    let again = recursive && (mine_alone || (mine && mode == Mode::Shared));
    if mine && !again && waits {
        let name = world::with(|world| world.object_name(lock));
        finding::raise(
            &RECURSION,
            format!(
                "the {} {name} is acquired by the thread that has it",
                kind.name()
            ),
        );
    }
    let touches = Touches::write(lock, size(kind));
    let guard = match mode {
        _ if again || !waits => Guard::Always,
        Mode::Exclusive => Guard::Unowned(lock),
        Mode::Shared => Guard::Unwritten(lock),
    };
    schedule::point(what, lock, touches, guard);
    let taken = with_lock(lock, kind, |it| {
        let free = match mode {
            Mode::Exclusive => !it.is_held(),
            Mode::Shared => it.exclusive.is_none(),
        };
        if !free && !again {
            return false;
        }
        match (&mut it.exclusive, mode) {
            (Some((_, depth)), _) => *depth += 1,
            (none, Mode::Exclusive) => *none = Some((me, 1)),
            (None, Mode::Shared) => it.shared.push(me),
        }
        true
    });
    if taken {
        crate::race::acquire(lock);
    }
    taken
}

/// Gives a lock back.
pub fn release(what: &'static str, lock: usize, kind: Kind) {
    schedule::object_point(what, lock, size(kind));
    let me = world::with(|world| world.current);
    let released = with_lock(lock, kind, |it| match &mut it.exclusive {
        Some((owner, depth)) if *owner == me => {
            *depth -= 1;
            if *depth == 0 {
                it.exclusive = None;
            }
            true
        }
        Some(_) => false,
        None => {
            let own = it.shared.iter().position(|owner| *owner == me);
            own.map(|index| it.shared.swap_remove(index)).is_some()
        }
    });
    if !released {
        let name = world::with(|world| world.object_name(lock));
        finding::raise(
            &NOT_OWNED,
            format!("{what} was called for {name} by a thread that does not have it"),
        );
    }
    crate::race::release(lock);
    schedule::driver_point();
}

/// Raises a finding where a thread can be suspended while it has a lock.
pub fn require_no_apcs(what: &str) {
    let (can, own) = world::with(|world| {
        let thread = world.thread();
        (thread.may_be_suspended(), thread.object.is_some())
    });
    if can && !own {
        finding::raise(
            &APCS_ENABLED,
            format!("{what} was called outside of a critical region"),
        );
    }
}

/// The headers have it inline; some drivers import it.
pub extern "win64" fn ExInitializeFastMutex(mutex: usize) {
    guest::fill(mutex, FAST_MUTEX, 0);
    guest::write(mutex, 1u32);
    world::with(|world| world.owned.insert(mutex, Owned::new(Kind::FastMutex)));
}

/// What `ExInitializeFastMutex` leaves there is not 0.
fn require_initialized(what: &str, mutex: usize) {
    if guest::read::<u32>(mutex) == 0 && with_lock(mutex, Kind::FastMutex, |it| !it.is_held()) {
        finding::raise(
            &rule::object::NOT_INITIALIZED,
            format!("{what} was called for a fast mutex that is not initialized"),
        );
    }
}

pub extern "win64" fn ExAcquireFastMutex(mutex: usize) {
    enter("ExAcquireFastMutex", APC_LEVEL);
    require_initialized("ExAcquireFastMutex", mutex);
    acquire(
        "ExAcquireFastMutex",
        mutex,
        Kind::FastMutex,
        Mode::Exclusive,
        true,
    );
    let old = world::with(|world| std::mem::replace(&mut world.thread().irql, APC_LEVEL));
    guest::write(mutex + OLD_IRQL, u32::from(old));
}

pub extern "win64" fn ExTryToAcquireFastMutex(mutex: usize) -> u8 {
    enter("ExTryToAcquireFastMutex", APC_LEVEL);
    require_initialized("ExTryToAcquireFastMutex", mutex);
    let taken = acquire(
        "ExTryToAcquireFastMutex",
        mutex,
        Kind::FastMutex,
        Mode::Exclusive,
        false,
    );
    if taken {
        let old = world::with(|world| std::mem::replace(&mut world.thread().irql, APC_LEVEL));
        guest::write(mutex + OLD_IRQL, u32::from(old));
    }
    u8::from(taken)
}

pub extern "win64" fn ExReleaseFastMutex(mutex: usize) {
    enter("ExReleaseFastMutex", APC_LEVEL);
    let old: u32 = guest::read(mutex + OLD_IRQL);
    release("ExReleaseFastMutex", mutex, Kind::FastMutex);
    world::with(|world| world.thread().irql = old as u8);
}

pub extern "win64" fn ExAcquireFastMutexUnsafe(mutex: usize) {
    enter("ExAcquireFastMutexUnsafe", APC_LEVEL);
    require_no_apcs("ExAcquireFastMutexUnsafe");
    acquire(
        "ExAcquireFastMutexUnsafe",
        mutex,
        Kind::FastMutex,
        Mode::Exclusive,
        true,
    );
}

pub extern "win64" fn ExReleaseFastMutexUnsafe(mutex: usize) {
    enter("ExReleaseFastMutexUnsafe", APC_LEVEL);
    release("ExReleaseFastMutexUnsafe", mutex, Kind::FastMutex);
}

pub extern "win64" fn KeInitializeGuardedMutex(mutex: usize) {
    ExInitializeFastMutex(mutex);
}

pub extern "win64" fn KeAcquireGuardedMutex(mutex: usize) {
    enter("KeAcquireGuardedMutex", APC_LEVEL);
    require_initialized("KeAcquireGuardedMutex", mutex);
    region::KeEnterGuardedRegion();
    acquire(
        "KeAcquireGuardedMutex",
        mutex,
        Kind::FastMutex,
        Mode::Exclusive,
        true,
    );
}

pub extern "win64" fn KeTryToAcquireGuardedMutex(mutex: usize) -> u8 {
    enter("KeTryToAcquireGuardedMutex", APC_LEVEL);
    let taken = acquire(
        "KeTryToAcquireGuardedMutex",
        mutex,
        Kind::FastMutex,
        Mode::Exclusive,
        false,
    );
    if taken {
        region::KeEnterGuardedRegion();
    }
    u8::from(taken)
}

pub extern "win64" fn KeReleaseGuardedMutex(mutex: usize) {
    enter("KeReleaseGuardedMutex", APC_LEVEL);
    release("KeReleaseGuardedMutex", mutex, Kind::FastMutex);
    region::KeLeaveGuardedRegion();
}

pub extern "win64" fn KeAcquireGuardedMutexUnsafe(mutex: usize) {
    ExAcquireFastMutexUnsafe(mutex);
}

pub extern "win64" fn KeReleaseGuardedMutexUnsafe(mutex: usize) {
    ExReleaseFastMutexUnsafe(mutex);
}

pub extern "win64" fn ExInitializePushLock(lock: usize) {
    guest::write(lock, 0usize);
    world::with(|world| world.owned.insert(lock, Owned::new(Kind::PushLock)));
}

fn push_lock(what: &'static str, lock: usize, mode: Mode) {
    enter(what, APC_LEVEL);
    require_no_apcs(what);
    acquire(what, lock, Kind::PushLock, mode, true);
}

pub extern "win64" fn ExAcquirePushLockExclusiveEx(lock: usize, _flags: u32) {
    push_lock("ExAcquirePushLockExclusive", lock, Mode::Exclusive);
}

pub extern "win64" fn ExAcquirePushLockSharedEx(lock: usize, _flags: u32) {
    push_lock("ExAcquirePushLockShared", lock, Mode::Shared);
}

pub extern "win64" fn ExReleasePushLockExclusiveEx(lock: usize, _flags: u32) {
    ExReleasePushLockEx(lock, 0);
}

pub extern "win64" fn ExReleasePushLockSharedEx(lock: usize, _flags: u32) {
    ExReleasePushLockEx(lock, 0);
}

pub extern "win64" fn ExReleasePushLockEx(lock: usize, _flags: u32) {
    enter("ExReleasePushLock", APC_LEVEL);
    release("ExReleasePushLock", lock, Kind::PushLock);
}

fn spin_lock(what: &'static str, lock: usize, mode: Mode) -> u8 {
    enter(what, DISPATCH_LEVEL);
    let old = world::with(|world| std::mem::replace(&mut world.thread().irql, DISPATCH_LEVEL));
    acquire(what, lock, Kind::SpinLock, mode, true);
    old
}

fn release_spin_lock(what: &'static str, lock: usize, irql: Option<u8>) {
    release(what, lock, Kind::SpinLock);
    if let Some(irql) = irql {
        world::with(|world| world.thread().irql = irql);
    }
}

pub extern "win64" fn ExAcquireSpinLockExclusive(lock: usize) -> u8 {
    spin_lock("ExAcquireSpinLockExclusive", lock, Mode::Exclusive)
}

pub extern "win64" fn ExReleaseSpinLockExclusive(lock: usize, irql: u8) {
    release_spin_lock("ExReleaseSpinLockExclusive", lock, Some(irql));
}

pub extern "win64" fn ExAcquireSpinLockShared(lock: usize) -> u8 {
    spin_lock("ExAcquireSpinLockShared", lock, Mode::Shared)
}

pub extern "win64" fn ExReleaseSpinLockShared(lock: usize, irql: u8) {
    release_spin_lock("ExReleaseSpinLockShared", lock, Some(irql));
}

pub extern "win64" fn ExAcquireSpinLockExclusiveAtDpcLevel(lock: usize) {
    spin_lock(
        "ExAcquireSpinLockExclusiveAtDpcLevel",
        lock,
        Mode::Exclusive,
    );
}

pub extern "win64" fn ExReleaseSpinLockExclusiveFromDpcLevel(lock: usize) {
    release_spin_lock("ExReleaseSpinLockExclusiveFromDpcLevel", lock, None);
}

pub extern "win64" fn ExAcquireSpinLockSharedAtDpcLevel(lock: usize) {
    spin_lock("ExAcquireSpinLockSharedAtDpcLevel", lock, Mode::Shared);
}

pub extern "win64" fn ExReleaseSpinLockSharedFromDpcLevel(lock: usize) {
    release_spin_lock("ExReleaseSpinLockSharedFromDpcLevel", lock, None);
}
