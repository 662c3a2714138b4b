//! The acts of the demonstration, in their order.

use super::stage::{Actor, Stage};
use crate::Error;
use crate::device::install::{Removed, remove};
use crate::device::{Client, Pend, Request, Scope, find};
use crate::process::SecondProcess;
use crate::timeline::Way;
use behaviors::account::Change;
use csq_protocol::status;
use csq_protocol::wire::Statistics;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

mod serving;

/// What the server answers with.
const ANSWER: &[u8] = b"an answer";
/// Room for an answer.
const ROOM: usize = 64;
/// Requests of the second process.
const OF_PROCESS: usize = 3;
/// The tag that `CANCEL` is asked for.
const TAG: u64 = 42;

/// Everybody who has the device open.
struct Cast {
    server: Client,
    a: Client,
    b: Client,
    c: Client,
}

/// Plays all acts.
pub(super) fn all(stage: &mut Stage) -> Result<(), Error> {
    let cast = Cast {
        server: Client::open()?,
        a: Client::open()?,
        b: Client::open()?,
        c: Client::open()?,
    };
    let left = requests(stage, cast)?;
    removal(stage, left)
}

/// What is left for the last acts: the open handles, and what is pending on them.
struct Left {
    server: Client,
    handles: [Client; 2],
    actors: Vec<Actor>,
}

/// Requests are pended, and ended in every way but removal.
fn requests(stage: &mut Stage, cast: Cast) -> Result<Left, Error> {
    let Cast { server, a, b, c } = cast;
    let start = server.statistics()?;

    stage.act("handle A pends IRPs 1, 2 and 3");
    let first = pend(stage, &a, "handle A", 1)?;
    let second = pend(stage, &a, "handle A", 2)?;
    let third = pend(stage, &a, "handle A", 3)?;
    stage.act("handle B pends IRPs 4 and 5");
    let of_b = [
        pend(stage, &b, "handle B", 4)?,
        pend(stage, &b, "handle B", 5)?,
    ];
    stage.act("handle C pends IRPs 6 and 7");
    let sixth = pend(stage, &c, "handle C", TAG)?;
    let seventh = pend(stage, &c, "handle C", 7)?;

    with_second_thread(stage, &server, &a, [first, second])?;
    canceled_by_tag(stage, &server, &c, sixth)?;
    closed(stage, &server, b, &of_b)?;
    serving::all(stage, &server, &a)?;
    settled(stage, &server, &start)?;
    let actors = vec![third, seventh];
    Ok(Left {
        server,
        handles: [a, c],
        actors,
    })
}

/// The acts during which there is a second thread with requests on handle A.
fn with_second_thread(
    stage: &mut Stage,
    server: &Client,
    a: &Client,
    [first, second]: [Actor; 2],
) -> Result<(), Error> {
    thread::scope(|scope| {
        let (orders, inbox) = channel();
        let (outbox, results) = channel();
        scope.spawn(move || second_thread(a, &inbox, &outbox));
        stage.act("a second thread pends IRPs 8 and 9 on handle A");
        let of_thread: Vec<Actor> = order(&orders, &results)?
            .into_iter()
            .map(|request| stage.pended("A, second thread", request))
            .collect();
        let process = second_process(stage, server)?;

        completed(stage, server, first)?;
        canceled(stage, server, second)?;
        let before = server.statistics()?;
        stage.act("the second thread calls CancelIo");
        order(&orders, &results)?;
        stage.ended(&of_thread, Way::Canceled, "CancelIo", status::CANCELLED);
        let two = Change {
            canceled: 2,
            pending: -2,
            ..none()
        };
        stage.counted(server, &before, two)?;

        killed(stage, server, process)
    })
}

/// The second thread: pends when told to, cancels when told to, and ends when nobody tells.
fn second_thread(
    client: &Client,
    orders: &Receiver<()>,
    results: &Sender<Result<Vec<Request>, Error>>,
) {
    let pend = || (8..10).map(|tag| client.pend(with_tag(tag))).collect();
    let cancel = || {
        let done = client.handle().cancel_thread();
        done.map(|()| Vec::new())
            .map_err(|error| Error::system("CancelIo", error))
    };
    if orders.recv().is_ok() {
        // The one who ordered it waits for it.
        let _ = results.send(pend());
    }
    if orders.recv().is_ok() {
        let _ = results.send(cancel());
    }
    // Its end would cancel what is left; it comes when the stage has let go of `orders`.
    let _ = orders.recv();
}

/// Tells the second thread to do what comes next.
fn order<V>(orders: &Sender<()>, results: &Receiver<Result<V, Error>>) -> Result<V, Error> {
    let gone = || Error::system("the second thread", std::io::Error::other("it is gone"));
    orders.send(()).map_err(|_| gone())?;
    results.recv().map_err(|_| gone())?
}

/// A second process with requests of its own, and their numbers.
fn second_process(
    stage: &mut Stage,
    server: &Client,
) -> Result<(SecondProcess, Vec<usize>), Error> {
    let before = server.statistics()?;
    stage.act("a second process pends IRPs 10, 11 and 12");
    let process = SecondProcess::pend(OF_PROCESS)?;
    let irps = (0..OF_PROCESS)
        .map(|_| stage.note_unseen("second process"))
        .collect();
    let three = OF_PROCESS as i128;
    stage.counted(
        server,
        &before,
        Change {
            pended: three,
            pending: three,
            ..none()
        },
    )?;
    Ok((process, irps))
}

fn completed(stage: &mut Stage, server: &Client, oldest: Actor) -> Result<(), Error> {
    let before = server.statistics()?;
    stage.act("a server completes the oldest IRP, which is the first, with a payload");
    let completed = server.complete_next(ANSWER)?;
    stage
        .checks
        .equal("the tag of the oldest", &Some(1), &completed.map(|c| c.tag));
    stage.ended(&[oldest], Way::Completed, "COMPLETE_NEXT", status::SUCCESS);
    stage.counted(
        server,
        &before,
        Change {
            completed: 1,
            pending: -1,
            ..none()
        },
    )
}

fn canceled(stage: &mut Stage, server: &Client, actor: Actor) -> Result<(), Error> {
    let before = server.statistics()?;
    stage.act("handle A cancels IRP 2 with CancelIoEx");
    let found = actor
        .request
        .cancel()
        .map_err(|error| Error::system("CancelIoEx", error))?;
    stage
        .checks
        .equal("whether CancelIoEx found it", &true, &found);
    stage.ended(&[actor], Way::Canceled, "CancelIoEx", status::CANCELLED);
    stage.counted(
        server,
        &before,
        Change {
            canceled: 1,
            pending: -1,
            ..none()
        },
    )
}

fn killed(
    stage: &mut Stage,
    server: &Client,
    (process, irps): (SecondProcess, Vec<usize>),
) -> Result<(), Error> {
    let before = server.statistics()?;
    stage.act("the second process is killed");
    process.kill();
    let left = before.pending.get() - irps.len() as u64;
    stage.until_pending(server, left)?;
    let after = server.statistics()?;
    let change = Change::between(&before, &after);
    // The kernel ends them with the threads or with the handle, whichever goes first.
    let ended = change.canceled + change.flushed;
    stage.checks.equal(
        "requests canceled or flushed",
        &(irps.len() as i128),
        &ended,
    );
    let how = if change.flushed == 0 {
        "counted as canceled"
    } else {
        "counted as flushed"
    };
    if ended == irps.len() as i128 {
        for irp in irps {
            stage.ended_unseen(irp, Way::Killed, "TerminateProcess", how);
        }
    }
    Ok(())
}

fn canceled_by_tag(
    stage: &mut Stage,
    server: &Client,
    owner: &Client,
    actor: Actor,
) -> Result<(), Error> {
    let before = server.statistics()?;
    stage.act("handle C asks the driver to CANCEL its requests with tag 42");
    let count = owner.cancel(Scope::Tag(TAG))?;
    stage
        .checks
        .equal("how many CANCEL says it ended", &1, &count);
    stage.ended(&[actor], Way::Canceled, "CANCEL by tag", status::CANCELLED);
    let one = Change {
        canceled: 1,
        pending: -1,
        ..none()
    };
    stage.counted(server, &before, one)
}

fn closed(
    stage: &mut Stage,
    server: &Client,
    closing: Client,
    actors: &[Actor],
) -> Result<(), Error> {
    let before = server.statistics()?;
    stage.act("handle B is closed");
    drop(closing);
    stage.ended(actors, Way::Closed, "CloseHandle", status::CANCELLED);
    let two = Change {
        flushed: 2,
        pending: -2,
        ..none()
    };
    stage.counted(server, &before, two)
}

/// The account must say that all that came in has ended or is one of the two left.
fn settled(stage: &mut Stage, server: &Client, start: &Statistics) -> Result<(), Error> {
    let now = server.statistics()?;
    stage
        .checks
        .equal("whether the account balances", &true, &now.balances());
    let pended = now.pended.get() - start.pended.get();
    stage
        .checks
        .equal("IRPs the driver has taken", &15, &pended);
    stage
        .checks
        .equal("IRPs still pending", &2, &now.pending.get());
    stage.note_account(server)
}

/// The device is removed with requests pending. Windows refuses that as long as a handle is open,
/// and then it must have changed nothing.
fn removal(stage: &mut Stage, left: Left) -> Result<(), Error> {
    let Left {
        server,
        handles,
        actors,
    } = left;
    stage.act("the driver is removed with IRPs 3 and 7 still pending");
    match remove()? {
        Removed::Gone(_) => {
            stage.ended(
                &actors,
                Way::Removed,
                "device removal",
                status::DEVICE_REMOVED,
            );
            drop(handles);
        }
        Removed::Refused => {
            let pending = server.statistics()?.pending.get();
            stage
                .checks
                .equal("IRPs pending after a refusal", &2, &pending);
            stage.act("Windows refuses, since handles are open: they are closed");
            drop(handles);
            stage.ended(&actors, Way::Closed, "CloseHandle", status::CANCELLED);
            drop(server);
            stage.act("the driver is removed");
            let gone = remove()?;
            stage
                .checks
                .equal("what comes of removing it", &Removed::Gone(1), &gone);
        }
    }
    let absent = matches!(find(), Err(Error::Absent));
    stage
        .checks
        .equal("whether the device is gone", &true, &absent);
    stage
        .checks
        .equal("IRPs that have not come back", &0, &stage.timeline.open());
    Ok(())
}

fn pend(stage: &mut Stage, client: &Client, by: &str, tag: u64) -> Result<Actor, Error> {
    Ok(stage.pended(by, client.pend(with_tag(tag))?))
}

/// A request with a tag and with room for an answer.
fn with_tag(tag: u64) -> Pend<'static> {
    Pend {
        tag,
        room: ROOM,
        ..Pend::default()
    }
}

/// No change.
fn none() -> Change {
    Change::default()
}
