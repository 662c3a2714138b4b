//! IoCsq: which callbacks are called, in which order, with and without the lock.

use std::cell::RefCell;

use super::{broken_rule_of, memory};
use crate::ddi::csq::{
    IoCsqInitialize, IoCsqInitializeEx, IoCsqInsertIrp, IoCsqInsertIrpEx, IoCsqRemoveIrp,
    IoCsqRemoveNextIrp,
};
use crate::ddi::io::create_device;
use crate::ddi::ke::spin_lock::{KeAcquireSpinLockRaiseToDpc, KeReleaseSpinLock};
use crate::guest;
use crate::manager::cancel;
use crate::manager::complete;
use crate::manager::dispatch::{self, Ask};
use crate::nt::status::{CANCELLED, QUOTA_EXCEEDED, SUCCESS};
use crate::nt::{csq, irp, major, stack_location};
use crate::schedule;
use crate::schedule::sleep_set::SleepSet;
use crate::settings::CsqOrder;
use crate::world;

thread_local! {
    /// The callbacks of a run, in order.
    static CALLS: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// A queue with room for one IRP: the `IO_CSQ`, then the lock, then the IRP.
const LOCK: usize = csq::SIZE;
const IRP: usize = LOCK + 8;

fn called(callback: &'static str) {
    CALLS.with_borrow_mut(|calls| calls.push(callback));
}

extern "win64" fn insert(queue: usize, address: usize) {
    let marked = stack_location::is_marked_pending(irp::stack_location(address));
    called(if marked { "insert marked" } else { "insert" });
    guest::write(queue + IRP, address);
}

extern "win64" fn insert_ex(queue: usize, address: usize, refuse: usize) -> u32 {
    if refuse != 0 {
        return QUOTA_EXCEEDED;
    }
    insert(queue, address);
    SUCCESS
}

extern "win64" fn remove(queue: usize, _irp: usize) {
    called("remove");
    guest::write(queue + IRP, 0usize);
}

extern "win64" fn peek(queue: usize, after: usize, _context: usize) -> usize {
    if after == 0 {
        guest::read(queue + IRP)
    } else {
        0
    }
}

extern "win64" fn acquire(queue: usize, irql: usize) {
    let old = KeAcquireSpinLockRaiseToDpc(queue + LOCK);
    guest::write(irql, old);
}

extern "win64" fn release(queue: usize, irql: u8) {
    KeReleaseSpinLock(queue + LOCK, irql);
}

extern "win64" fn complete_canceled(queue: usize, address: usize) {
    let locked = guest::read::<usize>(queue + LOCK) != 0;
    called(if locked {
        "complete locked"
    } else {
        "complete"
    });
    irp::set_status(address, CANCELLED, 0);
    complete::complete(address);
}

fn callbacks() -> [usize; 6] {
    [
        insert as *const () as usize,
        remove as *const () as usize,
        peek as *const () as usize,
        acquire as *const () as usize,
        release as *const () as usize,
        complete_canceled as *const () as usize,
    ]
}

fn queue() -> usize {
    CALLS.with_borrow_mut(Vec::clear);
    let queue = memory(IRP + 8);
    let [insert, remove, peek, lock, unlock, complete] = callbacks();
    assert_eq!(
        IoCsqInitialize(queue, insert, remove, peek, lock, unlock, complete),
        SUCCESS
    );
    queue
}

fn queue_ex() -> usize {
    CALLS.with_borrow_mut(Vec::clear);
    let queue = memory(IRP + 8);
    let [_, remove, peek, lock, unlock, complete] = callbacks();
    let insert = insert_ex as *const () as usize;
    assert_eq!(
        IoCsqInitializeEx(queue, insert, remove, peek, lock, unlock, complete),
        SUCCESS
    );
    queue
}

fn new_irp() -> usize {
    let device = create_device(0, 0, 0, 0, true).unwrap();
    let number = dispatch::make(device, Ask::simple("test", major::DEVICE_CONTROL));
    let address = world::with(|world| world.irps.get(number).unwrap().address);
    irp::descend(address);
    address
}

fn calls() -> Vec<&'static str> {
    CALLS.with_borrow(Clone::clone)
}

fn in_order(order: CsqOrder, body: fn()) {
    assert_eq!(broken_rule_of(SleepSet::default(), order, body), None);
}

#[test]
fn the_pending_mark_comes_before_or_after_the_callback() {
    in_order(CsqOrder::Documented, || {
        let address = new_irp();
        IoCsqInsertIrp(queue(), address, 0);
        assert_eq!(calls(), ["insert"]);
        assert!(stack_location::is_marked_pending(irp::stack_location(
            address
        )));
    });
    in_order(CsqOrder::MarkedFirst, || {
        IoCsqInsertIrp(queue(), new_irp(), 0);
        assert_eq!(calls(), ["insert marked"]);
    });
}

#[test]
fn an_irp_that_was_canceled_before_goes_three_ways() {
    fn insert_canceled() {
        let address = new_irp();
        cancel::cancel(address);
        IoCsqInsertIrp(queue(), address, 0);
        assert!(world::with(|world| world
            .irps
            .at(address)
            .unwrap()
            .completed));
    }
    in_order(CsqOrder::Documented, || {
        insert_canceled();
        assert_eq!(calls(), ["complete"]);
    });
    in_order(CsqOrder::MarkedFirst, || {
        insert_canceled();
        assert_eq!(calls(), ["insert marked", "remove", "complete"]);
    });
    in_order(CsqOrder::CompletedUnderLock, || {
        insert_canceled();
        assert_eq!(calls(), ["insert marked", "remove", "complete locked"]);
    });
}

#[test]
fn cancel_removes_and_completes_without_the_lock() {
    for order in CsqOrder::ALL {
        in_order(order, || {
            let address = new_irp();
            IoCsqInsertIrp(queue(), address, 0);
            assert!(cancel::cancel(address));
            assert_eq!(calls()[1..], ["remove", "complete"]);
        });
    }
}

#[test]
fn remove_next_gives_the_irp_without_cancel_routine() {
    in_order(CsqOrder::Documented, || {
        let (queue, address) = (queue(), new_irp());
        assert_eq!(IoCsqRemoveNextIrp(queue, 0), 0);
        IoCsqInsertIrp(queue, address, 0);
        assert_eq!(IoCsqRemoveNextIrp(queue, 0), address);
        assert_eq!(guest::read::<usize>(address + irp::CANCEL_ROUTINE), 0);
        assert_eq!(guest::read::<usize>(address + irp::CSQ_CONTEXT), 0);
        assert!(!cancel::cancel(address));
    });
}

#[test]
fn a_context_finds_its_irp_once() {
    in_order(CsqOrder::Documented, || {
        let (queue, address, context) = (queue(), new_irp(), memory(csq::context::SIZE));
        IoCsqInsertIrp(queue, address, context);
        assert_eq!(IoCsqRemoveIrp(queue, context), address);
        assert_eq!(IoCsqRemoveIrp(queue, context), 0);
        IoCsqInsertIrp(queue, address, context);
        cancel::cancel(address);
        assert_eq!(IoCsqRemoveIrp(queue, context), 0);
    });
}

#[test]
fn a_refused_irp_is_marked_only_by_some() {
    fn refused() -> bool {
        let address = new_irp();
        assert_eq!(IoCsqInsertIrpEx(queue_ex(), address, 0, 1), QUOTA_EXCEEDED);
        stack_location::is_marked_pending(irp::stack_location(address))
    }
    in_order(CsqOrder::Documented, || assert!(!refused()));
    in_order(CsqOrder::MarkedFirst, || assert!(refused()));
}

#[test]
fn a_refused_irp_leaves_its_context_to_the_caller() {
    /// Whether the context still names an IRP that `CsqInsertIrpEx` refused.
    fn left_dirty() -> bool {
        let context = memory(csq::context::SIZE);
        IoCsqInsertIrpEx(queue_ex(), new_irp(), context, 1);
        csq::context::irp(context) != 0
    }
    in_order(CsqOrder::Documented, || assert!(!left_dirty()));
    in_order(CsqOrder::MarkedFirst, || assert!(left_dirty()));
    in_order(CsqOrder::CompletedUnderLock, || assert!(left_dirty()));
}

#[test]
fn a_context_races_with_the_cancel_routine() {
    for order in CsqOrder::ALL {
        in_order(order, || {
            let (queue, address, context) = (queue(), new_irp(), memory(csq::context::SIZE));
            IoCsqInsertIrp(queue, address, context);
            let canceler = schedule::spawn("cancel", None, move || _ = cancel::cancel(address));
            let removed = IoCsqRemoveIrp(queue, context);
            schedule::join(canceler);
            let ended = world::with(|world| world.irps.at(address).unwrap().completed);
            assert_eq!(removed == 0, ended);
        });
    }
}

#[test]
fn a_context_of_another_queue_is_found() {
    let broken = broken_rule_of(SleepSet::default(), CsqOrder::Documented, || {
        let context = memory(csq::context::SIZE);
        IoCsqInsertIrp(queue(), new_irp(), context);
        IoCsqRemoveIrp(queue(), context);
    });
    assert_eq!(broken, Some("csq-other-queue"));
}

#[test]
fn an_overwritten_context_is_found() {
    let broken = broken_rule_of(SleepSet::default(), CsqOrder::Documented, || {
        let (queue, address) = (queue(), new_irp());
        IoCsqInsertIrp(queue, address, 0);
        guest::write(address + irp::CSQ_CONTEXT, 0usize);
        IoCsqRemoveNextIrp(queue, 0);
    });
    assert_eq!(broken, Some("csq-context-changed"));
}
