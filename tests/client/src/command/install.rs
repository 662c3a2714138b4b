//! `csqctl install`

use crate::Error;
use crate::arguments::Inf;
use crate::device::install::{Installed, inf_path, install};
use crate::output::Output;
use serde_json::json;

pub(super) fn run(arguments: &Inf, output: Output) -> Result<(), Error> {
    let inf = inf_path(arguments.inf.as_deref())?;
    output.say(format_args!("installing from {} ...", inf.display()));
    match install(&inf)? {
        Installed::New => output.result(
            "the driver is installed and the csq device has started",
            &json!({ "installed": "new" }),
        ),
        Installed::Before => output.result(
            "a csq device was there before and has been left as it is; for another driver, run \
             `csqctl uninstall` first",
            &json!({ "installed": "before" }),
        ),
    }
    Ok(())
}
