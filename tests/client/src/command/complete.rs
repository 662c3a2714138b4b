//! `csqctl complete`

use crate::Error;
use crate::arguments::Complete;
use crate::device::{Client, Completed, Reply};
use crate::output::Output;
use csq_protocol::status;
use serde_json::json;

pub(super) fn run(arguments: &Complete, output: Output) -> Result<(), Error> {
    arguments.reply.check()?;
    let client = Client::open()?;
    let reply = Reply {
        status: arguments.reply.status(),
        payload: arguments.reply.payload(),
    };
    let completed = match (arguments.id, reply.status) {
        (Some(id), _) => by_id(&client, id, reply)?,
        (None, status::SUCCESS) => client.complete_next(reply.payload)?,
        (None, _) => oldest(&client, reply)?,
    };
    let Some(completed) = completed else {
        return Err(Error::NothingPending {
            what: "completing a request",
        });
    };
    output.result(
        format_args!(
            "completed request {:#x} with tag {}: {} of {} bytes delivered",
            completed.id,
            completed.tag,
            completed.delivered,
            reply.payload.len()
        ),
        &json!({
            "id": completed.id,
            "tag": completed.tag,
            "delivered": completed.delivered,
            "payload": reply.payload.len(),
        }),
    );
    Ok(())
}

/// Claims requests until the one with the id is there, and completes that. The others go back to
/// their places when the handle is closed.
fn by_id(client: &Client, id: u64, reply: Reply<'_>) -> Result<Option<Completed>, Error> {
    while let Some(claimed) = client.claim()? {
        if claimed.id != id {
            continue;
        }
        let Some(delivered) = client.complete(id, reply)? else {
            break;
        };
        return Ok(Some(Completed {
            id,
            tag: claimed.tag,
            delivered,
        }));
    }
    Err(Error::NoSuchRequest { id })
}

/// The oldest that is not canceled between its claim and its completion.
fn oldest(client: &Client, reply: Reply<'_>) -> Result<Option<Completed>, Error> {
    while let Some(claimed) = client.claim()? {
        if let Some(delivered) = client.complete(claimed.id, reply)? {
            return Ok(Some(Completed {
                id: claimed.id,
                tag: claimed.tag,
                delivered,
            }));
        }
    }
    Ok(None)
}
