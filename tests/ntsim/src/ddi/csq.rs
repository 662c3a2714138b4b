//! IoCsq: the cancel-safe queue, from Microsoft's documentation of the routines and of the callbacks.
//!
//! Where public sources disagree, [`CsqOrder`] says which is followed.
#![expect(
    non_snake_case,
    reason = "the routines have the names that drivers import"
)]

use super::ke::spin_lock;
use super::{callback, enter, exports, with_byte};
use crate::fault::{self, Point};
use crate::finding;
use crate::guest;
use crate::machine;
use crate::nt::csq::{self, Callback, context};
use crate::nt::status::{self, SUCCESS};
use crate::nt::{DISPATCH_LEVEL, irp, stack_location};
use crate::race;
use crate::rule;
use crate::schedule;
use crate::settings::CsqOrder;
use crate::world;
use crate::world::irp::Queued;
use crate::world::step::Touches;
use crate::world::step::kernel::CANCEL_LOCK;

exports! { IoCsqInitialize, IoCsqInitializeEx, IoCsqInsertIrp, IoCsqInsertIrpEx, IoCsqRemoveIrp, IoCsqRemoveNextIrp }

fn initialize(csq: usize, kind: u32, callbacks: [usize; 6]) -> u32 {
    if callbacks.contains(&0) {
        finding::raise(
            &rule::csq::NULL_CALLBACK,
            "a callback of IoCsqInitialize is NULL".into(),
        );
    }
    if fault::fails(Point::Queue) {
        return Point::Queue.status();
    }
    csq::initialize(csq, kind, callbacks);
    world::with(|world| world.queues.insert(csq));
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
    initialize(
        csq,
        csq::TYPE_CSQ,
        [insert, remove, peek, acquire, release, complete],
    )
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
    initialize(
        csq,
        csq::TYPE_CSQ_EX,
        [insert, remove, peek, acquire, release, complete],
    )
}

/// The queue's lock, as the driver's callbacks take it.
#[derive(Clone, Copy)]
struct Locked {
    irql: u8,
    held_before: usize,
}

fn call(queue: usize, which: Callback, second: usize, third: usize) -> usize {
    callback(csq::callback(queue, which), &[queue, second, third])
}

fn lock(queue: usize) -> Locked {
    let held_before = held();
    let irql = with_byte(|irql| {
        call(queue, Callback::AcquireLock, irql, 0);
    });
    Locked { irql, held_before }
}

fn unlock(queue: usize, locked: Locked) {
    call(queue, Callback::ReleaseLock, usize::from(locked.irql), 0);
    let (before, now) = (locked.held_before, held());
    if now != before {
        finding::raise(
            &rule::lock::UNBALANCED_CALLBACKS,
            format!(
                "{before} spin lock(s) were held before CsqAcquireLock, {now} after CsqReleaseLock"
            ),
        );
    }
}

fn held() -> usize {
    world::with(|world| world.thread().held.len())
}

/// The order in which the library works. Who asks for it depends on it.
fn order() -> CsqOrder {
    race::asks_for_order();
    machine::with(|machine| machine.settings.csq_order)
}

/// A point before a routine reads the queue: it may be gone, if nothing keeps it.
fn require_queue(routine: &str, queue: usize) {
    schedule::step("", queue, Touches::read(queue, csq::SIZE));
    let kind = csq::kind(queue);
    if kind != csq::TYPE_CSQ && kind != csq::TYPE_CSQ_EX {
        finding::raise(
            &rule::csq::NOT_INITIALIZED,
            format!("{routine} was called for {queue:#x}, which is no initialized IO_CSQ"),
        );
    }
}

/// Exchanges the cancel routine at a point of its own.
fn exchange_cancel_routine(what: &'static str, address: usize, routine: usize) -> usize {
    let field = Touches::write(address + irp::CANCEL_ROUTINE, size_of::<usize>());
    schedule::step(what, address, field);
    irp::exchange_cancel_routine(address, routine)
}

/// Looks whether an IRP is canceled, at a point of its own.
fn read_cancel(address: usize) -> bool {
    let field = Touches::read(address + irp::CANCEL, 1);
    schedule::step("read Irp->Cancel", address, field);
    irp::is_canceled(address)
}

/// What `DriverContext[3]` names, without regard to what the queue's user may have written there.
fn csq_context(address: usize) -> usize {
    let found = guest::read(address + irp::CSQ_CONTEXT);
    finding::check(world::with(|world| {
        rule::csq::check_context(world, address, found)
    }));
    found
}

/// Ends an IRP's membership: before `CsqRemoveIrp`, under the queue's lock.
fn detach(address: usize) {
    let found = csq_context(address);
    if csq::kind(found) == csq::TYPE_CONTEXT {
        context::clear(found);
    }
    guest::write(address + irp::CSQ_CONTEXT, 0usize);
    world::with(|world| {
        if let Some(irp) = world.irps.at(address) {
            irp.queued = None;
        }
    });
}

fn remove(queue: usize, address: usize) {
    detach(address);
    call(queue, Callback::Remove, address, 0);
}

pub extern "win64" fn IoCsqInsertIrp(queue: usize, address: usize, context: usize) {
    insert("IoCsqInsertIrp", queue, address, context, 0);
}

pub extern "win64" fn IoCsqInsertIrpEx(
    queue: usize,
    address: usize,
    context: usize,
    insert_context: usize,
) -> u32 {
    insert("IoCsqInsertIrpEx", queue, address, context, insert_context)
}

fn insert(
    routine: &'static str,
    queue: usize,
    address: usize,
    context: usize,
    insert_context: usize,
) -> u32 {
    enter(routine, DISPATCH_LEVEL);
    require_queue(routine, queue);
    let context_given = (context != 0).then_some(context);
    finding::check(world::with(|world| {
        rule::csq::check_insert(world, address, context_given)
    }));
    let order = order();
    let locked = lock(queue);
    if !order.inserts_canceled() && read_cancel(address) {
        stack_location::mark_pending(irp::stack_location(address));
        unlock(queue, locked);
        call(queue, Callback::CompleteCanceled, address, 0);
        return SUCCESS;
    }
    attach(queue, address, context);
    if order != CsqOrder::Documented {
        stack_location::mark_pending(irp::stack_location(address));
    }
    let status = call_insert(queue, address, insert_context);
    if !status::is_success(status) {
        // Only the documented order leaves the IRP as it was.
        if order == CsqOrder::Documented {
            detach(address);
        } else {
            world::with(|world| {
                if let Some(irp) = world.irps.at(address) {
                    irp.queued = None;
                }
            });
        }
        unlock(queue, locked);
        return status;
    }
    if order == CsqOrder::Documented {
        stack_location::mark_pending(irp::stack_location(address));
    }
    let routine = cancel_routine as *const () as usize;
    exchange_cancel_routine("set cancel routine", address, routine);
    // If the cancel routine is gone already, it runs, and waits for the queue's lock.
    if read_cancel(address) && exchange_cancel_routine("take cancel routine back", address, 0) != 0
    {
        remove(queue, address);
        if order == CsqOrder::CompletedUnderLock {
            complete_under_lock(queue, address);
            unlock(queue, locked);
        } else {
            unlock(queue, locked);
            call(queue, Callback::CompleteCanceled, address, 0);
        }
        return SUCCESS;
    }
    unlock(queue, locked);
    SUCCESS
}

/// Makes an IRP a member of a queue, before the driver links it.
fn attach(queue: usize, address: usize, context: usize) {
    let owner = if context == 0 {
        queue
    } else {
        context::initialize(context, address, queue);
        context
    };
    guest::write(address + irp::CSQ_CONTEXT, owner);
    let queued = Queued {
        csq: queue,
        context: owner,
    };
    world::with(|world| {
        if let Some(irp) = world.irps.at(address) {
            irp.queued = Some(queued);
            irp.was_queued = true;
        }
        world.log("insert into the queue", address, None);
    });
}

fn call_insert(queue: usize, address: usize, insert_context: usize) -> u32 {
    let returned = call(queue, Callback::Insert, address, insert_context);
    if csq::kind(queue) != csq::TYPE_CSQ_EX {
        return SUCCESS;
    }
    let status = returned as u32;
    finding::check(rule::csq::check_insert_status(status));
    status
}

/// The one place where an IRP is completed with the queue's lock held, which is the library's doing.
fn complete_under_lock(queue: usize, address: usize) {
    let held = world::with(|world| std::mem::take(&mut world.thread().held));
    let count = held.len();
    let first = held.first().copied();
    std::mem::forget(held);
    call(queue, Callback::CompleteCanceled, address, 0);
    world::with(|world| {
        // Normally exactly the queue's own lock.
        if let (1, Some(lock)) = (count, first) {
            world.thread().held.push(lock);
        }
    });
}

pub extern "win64" fn IoCsqRemoveNextIrp(queue: usize, peek_context: usize) -> usize {
    /// More canceled requests in a row than any scenario has.
    const MOST: usize = 64;
    enter("IoCsqRemoveNextIrp", DISPATCH_LEVEL);
    require_queue("IoCsqRemoveNextIrp", queue);
    let mut seen = [0; MOST];
    let locked = lock(queue);
    let mut address = 0;
    for index in 0.. {
        address = call(queue, Callback::PeekNext, address, peek_context);
        if address == 0 {
            break;
        }
        let after = seen.get(..index).unwrap_or(&seen);
        finding::check(world::with(|world| {
            rule::csq::check_peeked(world, queue, after, address)
        }));
        if let Some(place) = seen.get_mut(index) {
            *place = address;
        }
        // Otherwise its cancel routine runs, and waits for the queue's lock: on to the next.
        if exchange_cancel_routine("take cancel routine", address, 0) != 0 {
            remove(queue, address);
            break;
        }
    }
    unlock(queue, locked);
    address
}

pub extern "win64" fn IoCsqRemoveIrp(queue: usize, context: usize) -> usize {
    enter("IoCsqRemoveIrp", DISPATCH_LEVEL);
    require_queue("IoCsqRemoveIrp", queue);
    let locked = lock(queue);
    let field = Touches::read(context + context::IRP, size_of::<usize>());
    schedule::step("read Context->Irp", context, field);
    let mut address = context::irp(context);
    if address != 0 {
        finding::check(world::with(|world| {
            rule::csq::check_context_queue(world, queue, address)
        }));
    }
    if address != 0 {
        if exchange_cancel_routine("take cancel routine", address, 0) != 0 {
            remove(queue, address);
        } else {
            address = 0;
        }
    }
    unlock(queue, locked);
    address
}

/// The cancel routine of every queued IRP.
pub extern "win64" fn cancel_routine(_device: usize, address: usize) {
    spin_lock::release(CANCEL_LOCK, Some(guest::read(address + irp::CANCEL_IRQL)));
    let owner = csq_context(address);
    let queue = if csq::kind(owner) == csq::TYPE_CONTEXT {
        context::csq(owner)
    } else {
        owner
    };
    require_queue("the cancel routine", queue);
    if owner != queue && order().clears_context_unlocked() {
        schedule::object_point("clear Context->Irp", owner, context::SIZE);
        context::clear(owner);
    }
    let locked = lock(queue);
    remove(queue, address);
    unlock(queue, locked);
    call(queue, Callback::CompleteCanceled, address, 0);
}
