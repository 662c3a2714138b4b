//! For commands that would disturb others.

use crate::Error;
use crate::device::Client;

/// Whether nobody else is using the device: these commands end requests of anybody, or count on
/// being the only ones who make any.
pub(super) fn require() -> Result<(), Error> {
    let statistics = Client::open()?.statistics()?;
    let handles = statistics.handles.get() - 1;
    let pending = statistics.pending.get() + statistics.claimed.get();
    if handles == 0 && pending == 0 {
        Ok(())
    } else {
        Err(Error::InUse { handles, pending })
    }
}
