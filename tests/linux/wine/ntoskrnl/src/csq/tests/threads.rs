//! The routines on many threads.

use super::super::*;
use super::queue::*;

use core::sync::atomic::Ordering;
use std::thread;

/// A pointer that goes to another thread.
struct Shared<T>(*mut T);
// SAFETY: what it points to outlives the scope of the threads.
unsafe impl<T> Send for Shared<T> {}

#[test]
fn each_irp_ends_once_whoever_is_first() {
    const ROUNDS: usize = 3_000;
    const IRPS: usize = 4;
    for round in 0..ROUNDS {
        let mut queue = TestQueue::new(false);
        let (inserter, remover) = (Shared(queue.csq()), Shared(queue.csq()));
        let mut irps: Vec<Box<TestIrp>> = (1..=IRPS).map(TestIrp::new).collect();
        let mut contexts: Vec<IrpContext> = irps.iter().map(|_| no_context()).collect();
        let pairs: Vec<(Shared<Irp>, Shared<IrpContext>)> = irps
            .iter_mut()
            .zip(&mut contexts)
            .map(|(irp, context)| (Shared(irp.irp()), Shared(&raw mut *context)))
            .collect();
        let canceled: Vec<Shared<Irp>> = pairs.iter().map(|(irp, _)| Shared(irp.0)).collect();
        let complete = |irp: *mut Irp| {
            if !irp.is_null() {
                // SAFETY: of a TestIrp, which outlives the threads.
                unsafe { test_irp(irp) }
                    .completions
                    .fetch_add(1, Ordering::SeqCst);
            }
        };
        thread::scope(|scope| {
            scope.spawn(move || {
                let csq = inserter;
                for (irp, context) in pairs {
                    // SAFETY: initialized; the IRP was in no queue; all outlive the threads.
                    unsafe { insert::<Host>(csq.0, irp.0, context.0, null_mut()) };
                    if round % 2 == 0 {
                        // SAFETY: as above.
                        complete(unsafe { remove(csq.0, context.0) });
                    }
                }
            });
            scope.spawn(move || {
                for irp in canceled {
                    // SAFETY: outlives the threads.
                    unsafe { io_cancel(irp.0) };
                }
            });
            scope.spawn(move || {
                let csq = remover;
                for _ in 0..IRPS {
                    // SAFETY: initialized.
                    complete(unsafe { remove_next(csq.0, null_mut()) });
                }
            });
        });
        for _ in 0..IRPS {
            complete(queue.remove_next(0));
        }
        assert!(
            irps.iter()
                .all(|irp| irp.completions() == 1 && irp.pending())
        );
        assert!(queue.irps.is_empty());
    }
}
