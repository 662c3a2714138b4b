//! `csqctl uninstall`

use crate::Error;
use crate::device::install::{Removed, remove};
use crate::output::Output;
use crate::text::counted;
use serde_json::json;

pub(super) fn run(output: Output) -> Result<(), Error> {
    match remove()? {
        Removed::Gone(count) => {
            let text = format!("{} removed", counted(count, "csq device"));
            output.result(text, &json!({ "removed": count }));
            Ok(())
        }
        Removed::Refused => Err(Error::Install {
            what: "removing the device",
            why: "a program has it open; close that program first".to_owned(),
        }),
    }
}
