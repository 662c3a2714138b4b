//! `csqctl version`

use crate::Error;
use crate::device::Client;
use crate::output::Output;
use csq_protocol::VERSION;
use serde_json::json;

pub(super) fn run(output: Output) -> Result<(), Error> {
    let driver = Client::open()?.version()?;
    let (version, max_payload) = (driver.version.get(), driver.max_payload.get());
    let (handle, device) = (driver.handle_limit.get(), driver.device_limit.get());
    output.result(
        format_args!(
            "program: csqctl {}, protocol version {VERSION}\n\
             driver:  protocol version {version}, payloads of up to {max_payload} bytes,\n\
             \x20        {handle} requests at most for a handle, {device} for the device",
            env!("CARGO_PKG_VERSION")
        ),
        &json!({
            "program": env!("CARGO_PKG_VERSION"),
            "program_protocol": VERSION,
            "driver_protocol": version,
            "max_payload": max_payload,
            "handle_limit": handle,
            "device_limit": device,
        }),
    );
    Ok(())
}
