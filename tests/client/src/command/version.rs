//! `csqctl version`

use crate::Error;
use crate::device::Client;
use crate::output::Output;
use csq_protocol::VERSION;
use serde_json::json;

pub(super) fn run(output: Output) -> Result<(), Error> {
    let driver = Client::open()?.version()?;
    let (version, max_payload) = (driver.version.get(), driver.max_payload.get());
    output.result(
        format_args!(
            "program: csqctl {}, protocol version {VERSION}\n\
             driver:  protocol version {version}, payloads of up to {max_payload} bytes",
            env!("CARGO_PKG_VERSION")
        ),
        &json!({
            "program": env!("CARGO_PKG_VERSION"),
            "program_protocol": VERSION,
            "driver_protocol": version,
            "max_payload": max_payload,
        }),
    );
    Ok(())
}
