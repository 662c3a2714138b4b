//! Removal: the device goes, and what was pending comes back.

use crate::account::Account;
use crate::expect;
use crate::outcome::{Checked, Failure, Stop};
use crate::sample;
use crate::session::Session;
use crate::target::{Call, Capability, Ending, OpenError, Parameter, Removal, Submitted, Target};
use csq_protocol::ioctl::Rights;
use csq_protocol::message;
use csq_protocol::{ioctl, status};

pub(super) fn idle_and_back<T: Target>(target: &T) -> Checked {
    expect::capable(target, Capability::Removal)?;
    for _ in 0..2 {
        let session = Session::open(target)?;
        let request = session.pend(1)?;
        session.complete_next(&[])?;
        session.ended(&request, status::SUCCESS)?;
        session.close();
        removed(target, Removal::Removed)?;
        absent(target)?;
        installed_afresh(target)?;
    }
    Ok(())
}

pub(super) fn everything_pending_comes_back<T: Target>(target: &T) -> Checked {
    expect::capable(target, Capability::RemovalWhileOpen)?;
    let first = Session::open(target)?;
    let second = Session::open(target)?;
    let mut requests = first.pend_each(0..3)?;
    requests.extend(second.pend_each(3..5)?);
    removed(target, Removal::Removed)?;
    first.all_ended(&requests, status::DEVICE_REMOVED)?;
    absent(target)?;
    // A handle that outlives the device is refused everything, and can be closed.
    for (code, _) in ioctl::ALL {
        refused(target, &first, code)?;
    }
    first.close();
    second.close();
    installed_afresh(target)
}

pub(super) fn everything_claimed_comes_back<T: Target>(target: &T) -> Checked {
    expect::capable(target, Capability::RemovalWhileOpen)?;
    let client = Session::open(target)?;
    let server = Session::open(target)?;
    let mut requests = client.pend_each(0..3)?;
    requests.push(client.pend_timed(3, 600_000)?);
    let claim = server.claim()?;
    server.claim()?;
    removed(target, Removal::Removed)?;
    client.all_ended(&requests, status::DEVICE_REMOVED)?;
    let answer = server.try_complete(claim.id, status::SUCCESS, &[])?;
    expect::holds(
        "COMPLETE after removal fails",
        status::is_error(answer.status),
        || expect::status_name(answer.status),
    )?;
    server.close();
    client.close();
    installed_afresh(target)
}

pub(super) fn waiting_claims_come_back<T: Target>(target: &T) -> Checked {
    expect::capable(target, Capability::RemovalWhileOpen)?;
    let servers = [Session::open(target)?, Session::open(target)?];
    let mut claims = Vec::new();
    for server in &servers {
        claims.push(server.claim_waiting()?);
        claims.push(server.claim_waiting()?);
    }
    removed(target, Removal::Removed)?;
    for server in &servers {
        server.all_ended(&claims, status::DEVICE_REMOVED)?;
    }
    for server in servers {
        server.close();
    }
    installed_afresh(target)
}

pub(super) fn wakes_a_blocked_thread<T: Target>(target: &T) -> Checked {
    expect::capable(target, Capability::RemovalWhileOpen)?;
    let blocked = Session::open_synchronous(target)?;
    let other = Session::open(target)?;
    let (answer, gone) = target.beside(
        || blocked.pend_blocking(1),
        || {
            other.until_pending(1)?;
            removed(target, Removal::Removed)
        },
    );
    gone?;
    let what = "PEND on a synchronous handle";
    expect::status(what, status::DEVICE_REMOVED, answer?.status)?;
    blocked.close();
    other.close();
    installed_afresh(target)
}

pub(super) fn old_handles_do_not_disturb_a_new_device<T: Target>(target: &T) -> Checked {
    expect::capable(target, Capability::RemovalWhileOpen)?;
    let old = Session::open(target)?;
    let gone = old.pend(1)?;
    removed(target, Removal::Removed)?;
    old.ended(&gone, status::DEVICE_REMOVED)?;
    installed(target)?;
    let new = Session::open(target)?;
    let request = new.pend(2)?;
    let account = Account::open(&new)?;
    refused(target, &old, ioctl::PEND)?;
    refused(target, &old, ioctl::COMPLETE_NEXT)?;
    old.close();
    new.still_pending("a request of the new device", &request)?;
    account.unchanged("closing a handle to the old device", &new)?;
    new.complete_next(&[])?;
    new.ended(&request, status::SUCCESS)?;
    Ok(())
}

pub(super) fn refused_while_open<T: Target>(target: &T) -> Checked {
    expect::capable(target, Capability::RemovalRefusal)?;
    let session = Session::open(target)?;
    let request = session.pend(1)?;
    let account = Account::open(&session)?;
    removed(target, Removal::Refused)?;
    session.still_pending("a request of a device that was not removed", &request)?;
    account.unchanged("a removal that was refused", &session)?;
    let another = session.pend(2)?;
    session.complete_next(&[])?;
    session.complete_next(&[])?;
    session.all_ended([&request, &another], status::SUCCESS)
}

pub(super) fn removed<T: Target>(target: &T, expected: Removal) -> Checked {
    match target.remove() {
        Ok(removal) => expect::equal("removing the device", expected, removal),
        Err(sentence) => expect::failed("removing the device", format!("{expected:?}"), sentence),
    }
}

fn absent<T: Target>(target: &T) -> Checked {
    match target.open(Rights::ALL) {
        Err(OpenError::Absent) => Ok(()),
        Err(error) => expect::failed("opening a removed device", "no device", error.to_string()),
        Ok(_) => expect::failed("opening a removed device", "no device", "a handle"),
    }
}

pub(super) fn installed<T: Target>(target: &T) -> Checked {
    installed_with(target, &[])
}

pub(super) fn installed_with<T: Target>(target: &T, parameters: &[Parameter]) -> Checked {
    target.install_with(parameters).map_err(|sentence| {
        Stop::Failed(Failure::new("installing the device", "it starts", sentence))
    })
}

/// Installs the device and sees that it knows nothing of the one before, and works.
fn installed_afresh<T: Target>(target: &T) -> Checked {
    installed(target)?;
    let session = Session::open(target)?;
    let statistics = session.statistics()?;
    expect::equal(
        "requests a new device has taken",
        0,
        statistics.pended.get(),
    )?;
    expect::equal("handles open to a new device", 1, statistics.handles.get())?;
    let request = session.pend(1)?;
    session.complete_next(&[])?;
    session.ended(&request, status::SUCCESS)?;
    Ok(())
}

/// A request to a removed device ends at once, in an error.
fn refused<T: Target>(target: &T, session: &Session<'_, T>, code: u32) -> Checked {
    let call = Call {
        code,
        input: &sample::well_formed(code),
        output_length: message::ANY_ROOM,
    };
    let what = format!("device control {code:#x} after removal");
    let seen = match target.submit(session.handle(), call) {
        Submitted::Ended(answer) => Ok(answer.status),
        Submitted::Pending(request) => match target.wait(&request) {
            Ending::Answer(answer) => Ok(answer.status),
            ending => Err(format!("{ending:?}")),
        },
    };
    match seen {
        // Which error depends on whether the host still lets the request through to the driver.
        Ok(status) if status::is_error(status) => Ok(()),
        Ok(status) => expect::failed(what, "an error", expect::status_name(status)),
        Err(ending) => expect::failed(what, "an error", ending),
    }
}
