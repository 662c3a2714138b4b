//! The acts with a server that claims: what it answers, what is canceled and times out under its
//! hands, and what it leaves.

use super::super::stage::{Actor, Stage};
use super::{ANSWER, none, pend, with_tag};
use crate::Error;
use crate::device::{Claimed, Client, Pend, Reply};
use crate::timeline::Way;
use behaviors::account::Change;
use csq_protocol::status;
use std::io;

/// Milliseconds until an IRP times out; time enough for the acts before it does.
const TIMEOUT: u32 = 1000;

/// Plays them. Two older IRPs are pending, and still are in the end.
pub(super) fn all(stage: &mut Stage, observer: &Client, a: &Client) -> Result<(), Error> {
    let server = Client::open()?;
    stage.act("handle A pends IRPs 13, 14 and 15; 15 has one second");
    let answered = pend(stage, a, "handle A", 13)?;
    let canceled = pend(stage, a, "handle A", 14)?;
    let request = Pend {
        timeout: TIMEOUT,
        ..with_tag(15)
    };
    let timed = stage.pended("handle A", a.pend(request)?);

    let before = observer.statistics()?;
    stage.act("a second server claims all that is pending: IRPs 3, 7, 13, 14 and 15");
    let claims = claim_all(stage, &server)?;
    let five = Change {
        pending: -5,
        claimed: 5,
        ..none()
    };
    stage.counted(observer, &before, five)?;

    answer(stage, observer, &server, answered, find(&claims, 13)?)?;
    cancel(stage, observer, &server, canceled, find(&claims, 14)?)?;
    time_out(stage, observer, &server, timed, find(&claims, 15)?)?;

    let before = observer.statistics()?;
    stage.act("the second server goes without an answer to IRPs 3 and 7: they are pending again");
    drop(server);
    stage.until_pending(observer, 2)?;
    let two = Change {
        pending: 2,
        claimed: -2,
        ..none()
    };
    stage.counted(observer, &before, two)
}

/// Claims until nothing is pending; the tags must be those in the order of arrival.
fn claim_all(stage: &mut Stage, server: &Client) -> Result<Vec<Claimed>, Error> {
    let mut claims = Vec::new();
    while let Some(claimed) = server.claim()? {
        claims.push(claimed);
    }
    let tags: Vec<u64> = claims.iter().map(|claimed| claimed.tag).collect();
    let expected = vec![3, 7, 13, 14, 15];
    stage
        .checks
        .equal("the tags in the order of claims", &expected, &tags);
    Ok(claims)
}

fn find(claims: &[Claimed], tag: u64) -> Result<u64, Error> {
    let claimed = claims.iter().find(|claimed| claimed.tag == tag);
    claimed.map(|claimed| claimed.id).ok_or_else(|| {
        let missing = io::Error::other(format!("there was none with tag {tag}"));
        Error::system("claiming an IRP", missing)
    })
}

fn answer(
    stage: &mut Stage,
    observer: &Client,
    server: &Client,
    actor: Actor,
    id: u64,
) -> Result<(), Error> {
    let before = observer.statistics()?;
    stage.act("it answers IRP 13, by its id");
    let reply = Reply {
        status: status::SUCCESS,
        payload: ANSWER,
    };
    let delivered = server.complete(id, reply)?;
    let all = u32::try_from(ANSWER.len()).ok();
    stage
        .checks
        .equal("how much of the answer fitted", &all, &delivered);
    stage.ended(&[actor], Way::Completed, "COMPLETE", status::SUCCESS);
    let one = Change {
        completed: 1,
        claimed: -1,
        ..none()
    };
    stage.counted(observer, &before, one)
}

fn cancel(
    stage: &mut Stage,
    observer: &Client,
    server: &Client,
    actor: Actor,
    id: u64,
) -> Result<(), Error> {
    let before = observer.statistics()?;
    stage.act("handle A cancels IRP 14 under the server's hands: its answer comes too late");
    let found = actor
        .request
        .cancel()
        .map_err(|error| Error::system("CancelIoEx", error))?;
    stage
        .checks
        .equal("whether CancelIoEx found it", &true, &found);
    stage.ended(&[actor], Way::Canceled, "CancelIoEx", status::CANCELLED);
    too_late(stage, server, id)?;
    let one = Change {
        canceled: 1,
        claimed: -1,
        ..none()
    };
    stage.counted(observer, &before, one)
}

fn time_out(
    stage: &mut Stage,
    observer: &Client,
    server: &Client,
    actor: Actor,
    id: u64,
) -> Result<(), Error> {
    let before = observer.statistics()?;
    stage.act("nobody answers IRP 15, until its time is over");
    stage.ended(&[actor], Way::TimedOut, "its timeout", status::IO_TIMEOUT);
    too_late(stage, server, id)?;
    let one = Change {
        timed_out: 1,
        claimed: -1,
        ..none()
    };
    stage.counted(observer, &before, one)
}

/// The server must be told that what it answers has ended.
fn too_late(stage: &mut Stage, server: &Client, id: u64) -> Result<(), Error> {
    let reply = Reply {
        status: status::SUCCESS,
        payload: ANSWER,
    };
    let delivered = server.complete(id, reply)?;
    stage.checks.equal(
        "what comes of an answer that is too late",
        &None,
        &delivered,
    );
    Ok(())
}
