//! `csqctl complete`

use crate::Error;
use crate::arguments::Complete;
use crate::device::Client;
use crate::output::Output;
use csq_protocol::status;
use serde_json::json;

pub(super) fn run(arguments: &Complete, output: Output) -> Result<(), Error> {
    let payload = arguments.payload.as_bytes();
    let Some(completed) = Client::open()?.complete_next(payload)? else {
        let what = "completing a request".to_owned();
        return Err(Error::Refused {
            what,
            status: status::NO_MORE_ENTRIES,
        });
    };
    output.result(
        format_args!(
            "completed request {:#x} with tag {}: {} of {} bytes delivered",
            completed.id,
            completed.tag,
            completed.delivered,
            payload.len()
        ),
        &json!({
            "id": completed.id,
            "tag": completed.tag,
            "delivered": completed.delivered,
            "payload": payload.len(),
        }),
    );
    Ok(())
}
