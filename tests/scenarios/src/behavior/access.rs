//! Access rights: each control code asks for one, and the I/O manager compares it with the handle's.

use crate::account::Account;
use crate::expect;
use crate::message;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::{Capability, Rights, Target};
use csq_protocol::wire::scope;
use csq_protocol::{ioctl, status};

pub(super) fn denied_without_the_right<T: Target>(target: &T) -> Checked {
    expect::capable(target, Capability::AccessCheck)?;
    let observer = Session::open(target)?;
    let request = observer.pend(1)?;
    for rights in [Rights::READ, Rights::WRITE, Rights::NONE] {
        let session = Session::open_with(target, rights)?;
        let account = Account::open(&observer)?;
        for (code, name) in ioctl::ALL {
            let granted = match ioctl::access(code) {
                1 => rights.read,
                _ => rights.write,
            };
            if !granted {
                let answer =
                    session.control(code, &message::well_formed(code), message::ANY_ROOM)?;
                let what = format!("{name} on a handle with {rights:?}");
                expect::status(&what, status::ACCESS_DENIED, answer.status)?;
            }
        }
        account.unchanged("what was denied", &observer)?;
    }
    observer.still_pending("a request of another handle", &request)?;
    observer.complete_next(&[])?;
    observer.ended(&request, status::SUCCESS)?;
    Ok(())
}

pub(super) fn one_right_is_enough<T: Target>(target: &T) -> Checked {
    let client = Session::open_with(target, Rights::READ)?;
    let server = Session::open_with(target, Rights::WRITE)?;
    let request = client.pend(5)?;
    expect::equal("requests pending", 1, client.statistics()?.pending.get())?;
    let completed = server.complete_next(b"served")?;
    expect::equal("Completed.tag", 5, completed.tag.get())?;
    client.ended(&request, status::SUCCESS)?;
    let canceled = client.pend(6)?;
    expect::equal("CANCEL of all", 1, client.cancel(scope::ALL, 0)?)?;
    client.ended(&canceled, status::CANCELLED)?;
    Ok(())
}
