//! `csqctl claim`

use crate::arguments::Claim;
use crate::device::{Claimed, Client, Event, Reply, Server};
use crate::output::Output;
use crate::{Error, interrupt, ntstatus, text};
use serde_json::json;
use std::time::Duration;

pub(super) fn run(arguments: &Claim, output: Output) -> Result<(), Error> {
    arguments.reply.check()?;
    let interrupted = interrupt::on_ctrl_c()?;
    let mut server = Server::new(Client::open()?, 1);
    for _ in 0..arguments.count {
        let claimed = next(&mut server, arguments.wait, &interrupted)?;
        report(&claimed, output);
        if arguments.reply.is_given() {
            answer(&server, &claimed, arguments, output)?;
        }
    }
    if !arguments.reply.is_given() {
        hold(arguments, &interrupted, output);
    }
    Ok(())
}

fn next(server: &mut Server, wait: bool, interrupted: &Event) -> Result<Claimed, Error> {
    if wait {
        return server.next(interrupted)?.ok_or(Error::Interrupted);
    }
    server.client().claim()?.ok_or(Error::NothingPending {
        what: "claiming a request",
    })
}

fn answer(
    server: &Server,
    claimed: &Claimed,
    arguments: &Claim,
    output: Output,
) -> Result<(), Error> {
    let reply = Reply {
        status: arguments.reply.status(),
        payload: arguments.reply.payload(),
    };
    let delivered = server.client().complete(claimed.id, reply)?;
    report_answer(claimed, reply.status, delivered, output);
    Ok(())
}

/// Keeps what was claimed for as long as was asked for. It goes back when the handle is closed.
fn hold(arguments: &Claim, interrupted: &Event, output: Output) {
    let count = text::counted(arguments.count, "request");
    let until = match arguments.hold {
        Some(seconds) => format!("for {seconds} s, or until Ctrl-C"),
        None => "until Ctrl-C".to_owned(),
    };
    output.result(
        format_args!("holding {count} {until}"),
        &json!({ "event": "holding", "count": arguments.count }),
    );
    let limit = arguments
        .hold
        .map(|seconds| Duration::from_secs(seconds.into()));
    // Interrupted or not, what was asked for has been done.
    let _ = interrupted.wait(limit);
    output.say(format_args!("giving back what has not ended of {count}"));
}

/// Tells of a claimed request, as `serve` does.
pub(super) fn report(claimed: &Claimed, output: Output) {
    output.result(
        format_args!(
            "request {:#x}, tag {}: {}",
            claimed.id,
            claimed.tag,
            text::payload(&claimed.payload)
        ),
        &json!({
            "event": "claimed",
            "id": claimed.id,
            "tag": claimed.tag,
            "payload": claimed.payload,
        }),
    );
}

/// Tells what became of an answer, as `serve` does.
pub(super) fn report_answer(
    claimed: &Claimed,
    status: u32,
    delivered: Option<u32>,
    output: Output,
) {
    let outcome = match delivered {
        Some(delivered) => {
            let name = ntstatus::name(status);
            format!("answered with {name}, {delivered} bytes delivered")
        }
        None => "has ended before it was answered".to_owned(),
    };
    output.result(
        format_args!("request {:#x} {outcome}", claimed.id),
        &json!({
            "event": if delivered.is_some() { "answered" } else { "gone" },
            "id": claimed.id,
            "tag": claimed.tag,
            "status": status,
            "delivered": delivered,
        }),
    );
}
