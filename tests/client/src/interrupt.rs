//! Ctrl-C.

use crate::device::Event;
use crate::{Error, exit_code};
use std::io;
use std::sync::Arc;

/// An event that Ctrl-C sets from now on, instead of ending the program.
///
/// # Errors
/// Windows refused, or this was called before.
pub fn on_ctrl_c() -> Result<Arc<Event>, Error> {
    let failed = |error| Error::system("listening for Ctrl-C", error);
    let event = Arc::new(Event::new().map_err(failed)?);
    let set = Arc::clone(&event);
    ctrlc::set_handler(move || set.set()).map_err(|error| failed(io::Error::other(error)))?;
    Ok(event)
}

/// Lets Ctrl-C end the program with a sentence and an exit code that says so. The requests of a
/// program that ends are canceled by the kernel.
///
/// # Errors
/// Windows refused, or a handler was set before.
pub fn exit_on_ctrl_c() -> Result<(), Error> {
    let ended = || {
        eprintln!(
            "csqctl: interrupted: this program's requests are canceled, and the device is left \
             as it is"
        );
        std::process::exit(exit_code::INTERRUPTED.into());
    };
    let failed = |error| Error::system("listening for Ctrl-C", io::Error::other(error));
    ctrlc::set_handler(ended).map_err(failed)
}
