//! `QUERY_VERSION`: which protocol the driver speaks.

use crate::account::Account;
use crate::expect;
use crate::outcome::Checked;
use crate::session::{Session, structure};
use crate::target::Target;
use csq_protocol::{MAX_PAYLOAD, VERSION, ioctl, wire};

pub(super) fn version_and_limit<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    let answer = session.control(ioctl::QUERY_VERSION, &[], size_of::<wire::Version>())?;
    let version: wire::Version = structure("QUERY_VERSION", &answer)?;
    expect::equal("Version.version", VERSION, version.version.get())?;
    expect::equal(
        "Version.max_payload",
        MAX_PAYLOAD,
        version.max_payload.get(),
    )?;
    expect::equal("Version.reserved", 0, version.reserved.get())?;
    account.unchanged("QUERY_VERSION", &session)
}
