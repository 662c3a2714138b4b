//! Parameters of the service: what an administrator may set, and what becomes of nonsense.

use super::removal::{installed_with, removed};
use crate::expect;
use crate::outcome::Checked;
use crate::session::Session;
use crate::target::{Capability, Parameter, Removal, Setting, Target};
use csq_protocol::status;
use csq_protocol::wire::scope;

/// The most that either limit may be.
const MOST: u32 = 1 << 20;

/// Runs `body` on a device that was installed with parameters, and installs it as it comes
/// afterwards, whatever the outcome.
pub(super) fn with<T: Target>(
    target: &T,
    parameters: &[Parameter],
    body: impl FnOnce() -> Checked,
) -> Checked {
    expect::capable(target, Capability::Parameters)?;
    removed(target, Removal::Removed)?;
    let checked = installed_with(target, parameters).and_then(|()| body());
    let restored = removed(target, Removal::Removed).and_then(|()| installed_with(target, &[]));
    checked.and(restored)
}

pub(super) fn set_the_limits<T: Target>(target: &T) -> Checked {
    let parameters = [
        ("DeviceLimit", Setting::Number(5)),
        ("HandleLimit", Setting::Number(3)),
    ];
    with(target, &parameters, || {
        let first = Session::open(target)?;
        let second = Session::open(target)?;
        limits_are(&first, 5, 3)?;
        let mut requests = first.pend_each(0..3)?;
        for session in [&first, &second] {
            if let Ok(request) = session.try_pend(3)? {
                requests.push(request);
            }
        }
        requests.extend(second.pend_each([4])?);
        expect::equal("requests admitted", 5, requests.len())?;
        let Err(answer) = second.try_pend(5)? else {
            return expect::failed(
                "one too many for the device",
                "STATUS_QUOTA_EXCEEDED",
                "it pends",
            );
        };
        let what = "one too many for the device";
        expect::status(what, status::QUOTA_EXCEEDED, answer.status)?;
        expect::equal("requests refused", 2, first.statistics()?.refused.get())?;
        expect::equal("CANCEL of all", 3, first.cancel(scope::ALL, 0)?)?;
        expect::equal("CANCEL of all", 2, second.cancel(scope::ALL, 0)?)?;
        first.all_ended(&requests, status::CANCELLED)
    })
}

fn limits_are<T: Target>(session: &Session<'_, T>, device: u32, handle: u32) -> Checked {
    let version = session.version()?;
    let seen = (version.device_limit.get(), version.handle_limit.get());
    expect::equal("the limits", (device, handle), seen)
}

/// The driver starts all the same, with limits that are within their bounds.
pub(super) fn nonsense_does_no_harm<T: Target>(target: &T) -> Checked {
    use Setting::{Number, Text};
    const NONSENSE: [(Setting, Setting); 6] = [
        (Number(0), Number(0)),
        (Number(u32::MAX), Number(u32::MAX)),
        (Number(MOST + 1), Number(0x8000_0000)),
        (Number(2), Number(100)),
        (Text("many"), Text("")),
        (Text(""), Number(7)),
    ];
    for (device, handle) in NONSENSE {
        let parameters = [("DeviceLimit", device), ("HandleLimit", handle)];
        with(target, &parameters, || {
            let session = Session::open(target)?;
            let version = session.version()?;
            let (most, each) = (version.device_limit.get(), version.handle_limit.get());
            let so = (1..=MOST).contains(&most) && (1..=most).contains(&each);
            expect::holds("the limits are within their bounds", so, || {
                format!("{each} for a handle, {most} for the device, from {parameters:?}")
            })?;
            if device == Number(2) {
                limits_are(&session, 2, 2)?;
            }
            if handle == Number(7) {
                // What is good is taken, whatever else is not.
                expect::equal("the limit of a handle", 7, each)?;
            }
            let request = session.pend(1)?;
            session.complete_next(&[])?;
            session.ended(&request, status::SUCCESS)?;
            Ok(())
        })?;
    }
    Ok(())
}
