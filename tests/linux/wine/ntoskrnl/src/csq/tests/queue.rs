//! A driver's queue that writes down what its routines see.

use super::super::*;

use core::cell::RefCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::thread;

use crate::abi::{SL_PENDING_RETURNED, StackLocation};

/// What a queue's routines have seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Acquire,
    Release,
    Insert { pending: bool },
    Remove,
    Peek { after: usize },
    Complete { locked: bool, pending: bool },
    CancelLockReleased(Irql),
}

thread_local! {
    static EVENTS: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
}

pub fn record(event: Event) {
    EVENTS.with_borrow_mut(|events| events.push(event));
}

/// What has happened on this thread since the last time.
pub fn events() -> Vec<Event> {
    EVENTS.take()
}

pub const OLD_IRQL: Irql = 1;
pub const CANCEL_IRQL: Irql = 2;
pub const REFUSED: Status = -1;

static CANCEL_LOCK: AtomicBool = AtomicBool::new(false);

/// A spin lock, as a driver has one.
pub fn spin(lock: &AtomicBool) {
    while lock.swap(true, Ordering::SeqCst) {
        thread::yield_now();
    }
}

pub struct Host;

impl CancelLock for Host {
    fn release(irql: Irql) {
        record(Event::CancelLockReleased(irql));
        assert!(CANCEL_LOCK.swap(false, Ordering::SeqCst));
    }
}

/// An IRP with one stack location.
#[repr(C)]
pub struct TestIrp {
    pub irp: Irp,
    pub stack: StackLocation,
    pub number: usize,
    pub completions: AtomicUsize,
}

impl TestIrp {
    pub fn new(number: usize) -> Box<Self> {
        // SAFETY: integers, pointers and empty options: all zeros are valid.
        let mut this: Box<Self> = Box::new(unsafe { MaybeUninit::zeroed().assume_init() });
        this.number = number;
        this.irp.current_stack_location = &raw mut this.stack;
        this
    }

    pub fn irp(&mut self) -> *mut Irp {
        (&raw mut *self).cast()
    }

    pub fn pending(&self) -> bool {
        self.stack.control & SL_PENDING_RETURNED != 0
    }

    pub fn completions(&self) -> usize {
        self.completions.load(Ordering::SeqCst)
    }
}

/// # Safety
/// `irp` is the first field of a `TestIrp`.
pub unsafe fn test_irp<'a>(irp: *mut Irp) -> &'a TestIrp {
    // SAFETY: by the caller's word.
    unsafe { &*irp.cast() }
}

/// A driver's queue: the structure first, so that the routines find the rest from it.
#[repr(C)]
pub struct TestQueue {
    csq: MaybeUninit<IoCsq>,
    lock: AtomicBool,
    pub irps: Vec<*mut Irp>,
    /// Sets `Irp->Cancel` while an IRP is being inserted.
    pub cancel_on_insert: bool,
    /// What the extended insert routine was given.
    pub insert_context: usize,
}

/// # Safety
/// `csq` is the first field of a `TestQueue`, and no other reference to it is in use.
pub unsafe fn test_queue<'a>(csq: *mut IoCsq) -> &'a mut TestQueue {
    // SAFETY: by the caller's word.
    unsafe { &mut *csq.cast() }
}

/// # Safety
/// `csq` is the first field of a `TestQueue`.
pub unsafe fn lock_of<'a>(csq: *mut IoCsq) -> &'a AtomicBool {
    let queue: *const TestQueue = csq.cast();
    // SAFETY: by the caller's word; only the lock is looked at, which all may.
    unsafe { &(*queue).lock }
}

unsafe extern "system" fn acquire(csq: *mut IoCsq, irql: *mut Irql) {
    // SAFETY: of a TestQueue.
    spin(unsafe { lock_of(csq) });
    record(Event::Acquire);
    // SAFETY: the library's variable.
    unsafe { irql.write(OLD_IRQL) };
}

unsafe extern "system" fn release(csq: *mut IoCsq, irql: Irql) {
    record(Event::Release);
    assert_eq!(irql, OLD_IRQL);
    // SAFETY: of a TestQueue.
    let lock = unsafe { lock_of(csq) };
    assert!(lock.swap(false, Ordering::SeqCst));
}

unsafe extern "system" fn insert_plain(csq: *mut IoCsq, irp: *mut Irp) {
    // SAFETY: of a TestQueue, and the lock is held.
    let queue = unsafe { test_queue(csq) };
    // SAFETY: of a TestIrp.
    let pending = unsafe { test_irp(irp) }.pending();
    record(Event::Insert { pending });
    queue.irps.push(irp);
    if queue.cancel_on_insert {
        // SAFETY: what IoCancelIrp does when there is no cancel routine yet.
        unsafe { (*irp).cancel = 1 };
    }
}

unsafe extern "system" fn insert_ex_or_refuse(
    csq: *mut IoCsq,
    irp: *mut Irp,
    context: *mut c_void,
) -> Status {
    if context.is_null() {
        return REFUSED;
    }
    // SAFETY: of a TestQueue, and the lock is held.
    unsafe { test_queue(csq) }.insert_context = context.addr();
    // SAFETY: passed on.
    unsafe { insert_plain(csq, irp) };
    STATUS_SUCCESS
}

unsafe extern "system" fn remove_irp(csq: *mut IoCsq, irp: *mut Irp) {
    record(Event::Remove);
    // SAFETY: of a TestQueue, and the lock is held.
    let queue = unsafe { test_queue(csq) };
    let before = queue.irps.len();
    queue.irps.retain(|queued| *queued != irp);
    assert_eq!(queue.irps.len() + 1, before);
}

/// Matches all, or with a context the IRP of that number.
unsafe extern "system" fn peek(csq: *mut IoCsq, irp: *mut Irp, context: *mut c_void) -> *mut Irp {
    // SAFETY: of TestIrps.
    let number = |irp| unsafe { test_irp(irp) }.number;
    let after = if irp.is_null() { 0 } else { number(irp) };
    record(Event::Peek { after });
    // SAFETY: of a TestQueue, and the lock is held.
    let queue = unsafe { test_queue(csq) };
    let start = queue.irps.iter().position(|queued| *queued == irp);
    let rest = queue.irps.iter().skip(start.map_or(0, |index| index + 1));
    let mut matching =
        rest.filter(|queued| context.is_null() || number(**queued) == context.addr());
    matching.next().copied().unwrap_or(null_mut())
}

unsafe extern "system" fn complete_canceled(csq: *mut IoCsq, irp: *mut Irp) {
    // SAFETY: of a TestQueue.
    let lock = unsafe { lock_of(csq) };
    // SAFETY: of a TestIrp.
    let irp = unsafe { test_irp(irp) };
    record(Event::Complete {
        locked: lock.load(Ordering::SeqCst),
        pending: irp.pending(),
    });
    irp.completions.fetch_add(1, Ordering::SeqCst);
}

pub const ROUTINES: Routines = Routines {
    remove: remove_irp,
    peek_next: peek,
    acquire_lock: acquire,
    release_lock: release,
    complete_canceled,
};

impl TestQueue {
    pub fn new(extended: bool) -> Self {
        let mut this = Self {
            csq: MaybeUninit::uninit(),
            lock: AtomicBool::new(false),
            irps: Vec::new(),
            cancel_on_insert: false,
            insert_context: 0,
        };
        let status = if extended {
            // SAFETY: writable.
            unsafe { initialize_ex(this.csq(), insert_ex_or_refuse, &ROUTINES) }
        } else {
            // SAFETY: writable.
            unsafe { initialize(this.csq(), insert_plain, &ROUTINES) }
        };
        assert_eq!(status, STATUS_SUCCESS);
        this
    }

    pub fn csq(&mut self) -> *mut IoCsq {
        (&raw mut *self).cast()
    }

    pub fn insert(&mut self, irp: &mut TestIrp, context: *mut IrpContext, key: usize) -> Status {
        let key = core::ptr::without_provenance_mut(key);
        // SAFETY: initialized, the test owns the IRP, and its context outlives it.
        unsafe { insert::<Host>(self.csq(), irp.irp(), context, key) }
    }

    pub fn remove_next(&mut self, number: usize) -> *mut Irp {
        // SAFETY: initialized.
        unsafe { remove_next(self.csq(), core::ptr::without_provenance_mut(number)) }
    }

    pub fn remove(&mut self, context: &mut IrpContext) -> *mut Irp {
        // SAFETY: initialized, and the context was given to `insert`.
        unsafe { remove(self.csq(), context) }
    }
}

pub fn no_context() -> IrpContext {
    IrpContext {
        kind: Kind::Queue,
        irp: null_mut(),
        csq: null_mut(),
    }
}

/// `IoCancelIrp`.
///
/// # Safety
/// `irp` exists until this returns.
pub unsafe fn io_cancel(irp: *mut Irp) -> bool {
    spin(&CANCEL_LOCK);
    // SAFETY: exists.
    let flag = unsafe { &raw mut (*irp).cancel };
    // SAFETY: as above.
    let flag = unsafe { AtomicU8::from_ptr(flag) };
    flag.store(1, Ordering::SeqCst);
    // SAFETY: exists.
    let request = unsafe { Request::new(irp) };
    let taken = request.take_cancel_routine();
    if taken {
        // SAFETY: exists.
        unsafe { (*irp).cancel_irql = CANCEL_IRQL };
        // SAFETY: as IoCancelIrp calls it.
        unsafe { cancel::<Host>(null_mut(), irp) };
    } else {
        assert!(CANCEL_LOCK.swap(false, Ordering::SeqCst));
    }
    taken
}
