//! What the six routines do to a queue, step by step.

use super::*;

mod queue;
mod threads;

use queue::*;

#[test]
fn an_irp_is_inserted_and_removed_in_the_documented_order() {
    let mut queue = TestQueue::new(false);
    let mut irp = TestIrp::new(1);
    assert_eq!(queue.insert(&mut irp, null_mut(), 0), STATUS_SUCCESS);
    let insert = Event::Insert { pending: false };
    assert_eq!(events(), [Event::Acquire, insert, Event::Release]);
    assert!(irp.pending());
    assert!(irp.irp.cancel_routine.is_some());

    assert_eq!(queue.remove_next(0), irp.irp());
    let peek = Event::Peek { after: 0 };
    assert_eq!(
        events(),
        [Event::Acquire, peek, Event::Remove, Event::Release]
    );
    assert!(irp.irp.cancel_routine.is_none());
    assert!(irp.irp.driver_context.iter().all(|word| word.is_null()));
    assert!(queue.remove_next(0).is_null());
    assert_eq!(irp.completions(), 0);
}

#[test]
fn an_irp_that_is_canceled_already_is_completed_without_being_inserted() {
    let mut queue = TestQueue::new(false);
    let mut irp = TestIrp::new(1);
    let mut context = no_context();
    irp.irp.cancel = 1;
    assert_eq!(queue.insert(&mut irp, &raw mut context, 0), STATUS_SUCCESS);
    let completed = Event::Complete {
        locked: false,
        pending: true,
    };
    assert_eq!(events(), [completed]);
    assert_eq!(irp.completions(), 1);
    assert!(queue.remove(&mut context).is_null());
}

#[test]
fn an_irp_that_is_canceled_while_it_is_inserted_is_completed_outside_the_lock() {
    let mut queue = TestQueue::new(false);
    queue.cancel_on_insert = true;
    let mut irp = TestIrp::new(1);
    let mut context = no_context();
    assert_eq!(queue.insert(&mut irp, &raw mut context, 0), STATUS_SUCCESS);
    assert_eq!(
        events(),
        [
            Event::Acquire,
            Event::Insert { pending: false },
            Event::Remove,
            Event::Release,
            Event::Complete {
                locked: false,
                pending: true
            },
        ]
    );
    assert!(irp.irp.cancel_routine.is_none());
    assert!(queue.remove(&mut context).is_null());
}

#[test]
fn an_irp_that_is_refused_is_left_as_it_was() {
    let mut queue = TestQueue::new(true);
    let mut irp = TestIrp::new(1);
    let mut context = no_context();
    assert_eq!(queue.insert(&mut irp, &raw mut context, 0), REFUSED);
    assert_eq!(events(), [Event::Acquire, Event::Release]);
    assert!(!irp.pending());
    assert!(irp.irp.cancel_routine.is_none());
    assert!(irp.irp.driver_context.iter().all(|word| word.is_null()));
    assert!(queue.remove(&mut context).is_null());
}

#[test]
fn the_extended_insert_routine_gets_its_context() {
    let mut queue = TestQueue::new(true);
    let mut irp = TestIrp::new(1);
    assert_eq!(queue.insert(&mut irp, null_mut(), 77), STATUS_SUCCESS);
    assert_eq!(queue.insert_context, 77);
    assert!(irp.pending());
    assert_eq!(queue.remove_next(0), irp.irp());
}

#[test]
fn a_context_gives_its_irp_once() {
    let mut queue = TestQueue::new(false);
    let (mut first, mut second) = (TestIrp::new(1), TestIrp::new(2));
    let (mut first_context, mut second_context) = (no_context(), no_context());
    queue.insert(&mut first, &raw mut first_context, 0);
    queue.insert(&mut second, &raw mut second_context, 0);
    assert_eq!(queue.remove(&mut second_context), second.irp());
    assert!(queue.remove(&mut second_context).is_null());
    // Removed otherwise, the context names nothing any more.
    assert_eq!(queue.remove_next(0), first.irp());
    assert!(queue.remove(&mut first_context).is_null());
}

#[test]
fn an_irp_that_is_being_canceled_is_skipped() {
    let mut queue = TestQueue::new(false);
    let (mut first, mut second) = (TestIrp::new(1), TestIrp::new(2));
    let mut context = no_context();
    queue.insert(&mut first, &raw mut context, 0);
    queue.insert(&mut second, null_mut(), 0);
    // IoCancelIrp has taken the routine and is on its way to the queue's lock.
    first.irp.cancel_routine = None;
    assert!(queue.remove(&mut context).is_null());
    events();
    assert_eq!(queue.remove_next(0), second.irp());
    let peeks = [Event::Peek { after: 0 }, Event::Peek { after: 1 }];
    assert_eq!(
        events(),
        [
            Event::Acquire,
            peeks[0],
            peeks[1],
            Event::Remove,
            Event::Release
        ]
    );
    assert!(queue.remove_next(0).is_null());
    assert_eq!(queue.irps, [first.irp()]);
}

#[test]
fn only_what_matches_is_removed() {
    let mut queue = TestQueue::new(false);
    let (mut first, mut second) = (TestIrp::new(1), TestIrp::new(2));
    queue.insert(&mut first, null_mut(), 0);
    queue.insert(&mut second, null_mut(), 0);
    assert!(queue.remove_next(3).is_null());
    assert_eq!(queue.remove_next(2), second.irp());
    assert_eq!(queue.irps, [first.irp()]);
}

#[test]
fn a_cancel_lets_the_cancel_lock_go_first_and_completes_outside_the_queues() {
    for with_context in [false, true] {
        let mut queue = TestQueue::new(with_context);
        let mut irp = TestIrp::new(1);
        let mut context = no_context();
        let pointer = if with_context {
            &raw mut context
        } else {
            null_mut()
        };
        queue.insert(&mut irp, pointer, 1);
        events();
        // SAFETY: the test's.
        assert!(unsafe { io_cancel(irp.irp()) });
        assert_eq!(
            events(),
            [
                Event::CancelLockReleased(CANCEL_IRQL),
                Event::Acquire,
                Event::Remove,
                Event::Release,
                Event::Complete {
                    locked: false,
                    pending: true
                },
            ]
        );
        assert_eq!(irp.completions(), 1);
        if with_context {
            assert!(queue.remove(&mut context).is_null());
        }
        // SAFETY: the test's.
        assert!(!unsafe { io_cancel(irp.irp()) });
    }
}
