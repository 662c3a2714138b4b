//! `QUERY_VERSION`: which protocol the driver speaks.

use crate::account::Account;
use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::Target;
use csq_protocol::{MAX_PAYLOAD, VERSION};

pub(super) fn version_and_limit<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    let version = session.version()?;
    expect::equal("Version.version", VERSION, version.version.get())?;
    expect::equal(
        "Version.max_payload",
        MAX_PAYLOAD,
        version.max_payload.get(),
    )?;
    let (device, handle) = (version.device_limit.get(), version.handle_limit.get());
    expect::holds(
        "a handle may have a request, and no more than the device",
        (1..=device).contains(&handle),
        || format!("{handle} for a handle, {device} for the device"),
    )?;
    account.unchanged("QUERY_VERSION", &session)
}
