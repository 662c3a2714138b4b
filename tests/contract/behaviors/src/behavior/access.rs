//! Access rights: each control code asks for one, and the I/O manager compares it with the handle's.

use crate::account::Account;
use crate::expect;
use crate::outcome::Checked;
use crate::sample;
use crate::session::Session;
use crate::target::{Capability, OpenError, Target};
use csq_protocol::ioctl::Rights;
use csq_protocol::message;
use csq_protocol::wire::scope;
use csq_protocol::{ioctl, status};

pub(super) fn nothing_is_below_the_device<T: Target>(target: &T) -> Checked {
    let session = Session::open(target)?;
    let account = Account::open(&session)?;
    for name in ["foo", "foo\\bar", "Pipe", " "] {
        let what = format!("opening {name:?} below the device");
        match target.open_below(name) {
            Err(OpenError::Absent) => {}
            Err(error) => expect::failed(what, "nothing there", error.to_string())?,
            Ok(_) => expect::failed(what, "nothing there", "a handle")?,
        }
    }
    account.unchanged("opening what is not there", &session)
}

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
                    session.control(code, &sample::well_formed(code), message::ANY_ROOM)?;
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

/// The codes as they are documented, not as they are computed: of clients and of servers.
const CLIENTS: [u32; 4] = [0x0022_6000, 0x0022_6004, 0x0022_600c, 0x0022_6010];
const SERVERS: [u32; 3] = [0x0022_a008, 0x0022_a014, 0x0022_a018];

pub(super) fn clients_are_no_servers<T: Target>(target: &T) -> Checked {
    expect::capable(target, Capability::AccessCheck)?;
    let client = Session::open_with(target, Rights::READ)?;
    let server = Session::open_with(target, Rights::WRITE)?;
    for (code, [granted, denied]) in CLIENTS
        .map(|code| (code, [&client, &server]))
        .into_iter()
        .chain(SERVERS.map(|code| (code, [&server, &client])))
    {
        // Too short for anything: whoever may ask is told something else.
        let room = message::ANY_ROOM;
        let answer = denied.control(code, &[0; 3], room)?;
        let what = format!("code {code:#x} without the right");
        expect::status(&what, status::ACCESS_DENIED, answer.status)?;
        let answer = granted.control(code, &[0; 3], room)?;
        let what = format!("code {code:#x} with the right, and 3 bytes");
        expect::status(&what, status::INFO_LENGTH_MISMATCH, answer.status)?;
    }
    expect::equal("codes", ioctl::ALL.len(), CLIENTS.len() + SERVERS.len())
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
