//! Bad input: each mistake has one status, and changes nothing.
//!
//! Every probe makes one mistake, while requests are pending that a driver which does not notice
//! it would touch. Each function also makes the same call without the mistake, so that a driver
//! which refuses everything does not pass.

use crate::account::Account;
use crate::expect;
use crate::outcome::Checked;
use crate::sample;
use crate::session::{Session, structure};
use crate::target::Target;
use csq_protocol::message;
use csq_protocol::wire::{Canceled, Completed, Statistics, Version, scope};
use csq_protocol::{MAX_PAYLOAD, VERSION, ioctl, status};
use zerocopy::IntoBytes;

mod server;

pub(super) use server::{claim, complete};

/// The tag of the requests that wait while a function probes.
const TAG: u64 = 7;
/// More than any call takes, and more than a page.
const HUGE: usize = 1 << 20;
/// Room for any answer.
const ROOM: usize = 128;

/// An open handle with two pending requests, on which mistakes are made.
struct Probe<'t, T: Target> {
    session: Session<'t, T>,
    requests: Vec<T::Request>,
}

impl<'t, T: Target> Probe<'t, T> {
    fn new(target: &'t T) -> Checked<Self> {
        let session = Session::open(target)?;
        let requests = session.pend_each([TAG, TAG])?;
        Ok(Self { session, requests })
    }

    /// The call must be refused with one of some statuses, and change nothing.
    fn refused_with(&self, what: &str, call: (u32, &[u8], usize), expected: &[u32]) -> Checked {
        let (code, input, output_length) = call;
        let account = Account::open(&self.session)?;
        let answer = self.session.control(code, input, output_length)?;
        expect::status_of(what, expected, answer.status)?;
        expect::equal(
            &format!("the length returned with {what}"),
            0,
            answer.information,
        )?;
        account.unchanged(what, &self.session)?;
        for request in &self.requests {
            self.session
                .still_pending(&format!("a request after {what}"), request)?;
        }
        Ok(())
    }

    /// The call must be refused with a status, and change nothing.
    fn refused(&self, what: &str, call: (u32, &[u8], usize), expected: u32) -> Checked {
        self.refused_with(what, call, &[expected])
    }

    /// The requests can still be ended: one by a server, the other by its owner.
    fn finish(self) -> Checked {
        let answer = self.session.try_complete_next(b"x")?;
        let completed: Completed = structure("COMPLETE_NEXT", &answer)?;
        expect::equal("Completed.tag", TAG, completed.tag.get())?;
        self.finish_after_the_first()
    }

    /// One has been ended by a server; the other can still be, by its owner.
    fn finish_after_the_first(self) -> Checked {
        expect::equal(
            "CANCEL of the other",
            1,
            self.session.cancel(scope::TAG, TAG)?,
        )?;
        for (request, expected) in self
            .requests
            .iter()
            .zip([status::SUCCESS, status::CANCELLED])
        {
            self.session.ended(request, expected)?;
        }
        Ok(())
    }
}

pub(super) fn unknown_codes<T: Target>(target: &T) -> Checked {
    const FIRST_UNUSED: u32 = 0x807;
    let probe = Probe::new(target)?;
    let code = |device: u32, access: u32, function: u32, method: u32| {
        device << 16 | access << 14 | function << 2 | method
    };
    let mut codes = Vec::new();
    for function in [FIRST_UNUSED, FIRST_UNUSED + 1, 0x8ff, 0xfff, 0x7ff, 0] {
        codes.push(code(ioctl::DEVICE_TYPE, 1, function, 0));
    }
    for (known, _) in ioctl::ALL {
        // The right function with another method, another access, another device type.
        codes.extend((1..4).map(|method| known | method));
        codes.push(known & !(3 << 14));
        codes.push(known | 3 << 14);
        codes.push(known & 0xffff | 0x8000 << 16);
    }
    for code in codes {
        let call = (code, &message::pend(1, &[])[..], ROOM);
        probe.refused(
            &format!("code {code:#x}"),
            call,
            status::INVALID_DEVICE_REQUEST,
        )?;
    }
    probe.finish()
}

pub(super) fn query_version<T: Target>(target: &T) -> Checked {
    query(target, ioctl::QUERY_VERSION, size_of::<Version>())
}

pub(super) fn query_statistics<T: Target>(target: &T) -> Checked {
    query(target, ioctl::QUERY_STATISTICS, size_of::<Statistics>())
}

/// What is wrong with either of the two codes that only ask.
fn query<T: Target>(target: &T, code: u32, size: usize) -> Checked {
    let probe = Probe::new(target)?;
    for length in [1, 3, 8, size, HUGE] {
        let call = (code, &sample::payload(length)[..], size);
        let what = format!("a query with {length} bytes of input");
        probe.refused(&what, call, status::INFO_LENGTH_MISMATCH)?;
    }
    for length in 0..size {
        let what = format!("a query with {length} bytes of room");
        probe.refused(&what, (code, &[], length), status::BUFFER_TOO_SMALL)?;
    }
    for length in [size, size + 1, HUGE] {
        let answer = probe.session.control(code, &[], length)?;
        expect::status("a query with room enough", status::SUCCESS, answer.status)?;
        expect::equal("the length it returns", size, answer.information)?;
    }
    probe.finish()
}

pub(super) fn pend_lengths<T: Target>(target: &T) -> Checked {
    const TOO_LONG: usize = MAX_PAYLOAD as usize + 1;
    let probe = Probe::new(target)?;
    let good = message::pend(1, &[]);
    wrong_lengths(&probe, ioctl::PEND, &good, ROOM)?;
    for (said, given) in [(0, 1), (1, 0), (1, 2), (4096, 4095), (5, 4096)] {
        let mut header = message::pend_header(1, &[]);
        header.payload_length = said.into();
        let input = message::with_payload(&header, &sample::payload(given));
        let what = format!("PEND that says {said} and brings {given} bytes");
        probe.refused(
            &what,
            (ioctl::PEND, &input, ROOM),
            status::INFO_LENGTH_MISMATCH,
        )?;
    }
    for length in [TOO_LONG, TOO_LONG + 1, 0x1_0000, HUGE] {
        let input = message::pend(1, &sample::payload(length));
        let what = format!("PEND with a payload of {length} bytes");
        probe.refused(
            &what,
            (ioctl::PEND, &input, ROOM),
            status::INVALID_BUFFER_SIZE,
        )?;
    }
    // Sums that wrap around in 32 bits; two things are wrong, and either may be said.
    for said in [u32::MAX, u32::MAX - 23, u32::MAX - 24] {
        let mut header = message::pend_header(1, &[]);
        header.payload_length = said.into();
        let either = [status::INFO_LENGTH_MISMATCH, status::INVALID_BUFFER_SIZE];
        let call = (ioctl::PEND, header.as_bytes(), ROOM);
        probe.refused_with(&format!("PEND that says {said} bytes"), call, &either)?;
    }
    probe.finish()
}

pub(super) fn pend_fields<T: Target>(target: &T) -> Checked {
    let probe = Probe::new(target)?;
    let good = message::pend_header(1, &[]);
    for version in wrong_versions() {
        let mut header = good;
        header.version = version.into();
        let call = (ioctl::PEND, header.as_bytes(), ROOM);
        probe.refused(
            &format!("PEND of version {version}"),
            call,
            status::REVISION_MISMATCH,
        )?;
    }
    for reserved in [1, 0x8000_0000, u32::MAX] {
        let mut header = good;
        header.reserved = reserved.into();
        let call = (ioctl::PEND, header.as_bytes(), ROOM);
        probe.refused(
            "PEND with a reserved field set",
            call,
            status::INVALID_PARAMETER,
        )?;
    }
    probe.finish()
}

pub(super) fn complete_next<T: Target>(target: &T) -> Checked {
    const SIZE: usize = size_of::<Completed>();
    const TOO_LONG: usize = MAX_PAYLOAD as usize + 1;
    const CODE: u32 = ioctl::COMPLETE_NEXT;
    let probe = Probe::new(target)?;
    let good = message::complete_next(&[]);
    wrong_lengths(&probe, CODE, &good, SIZE)?;
    for (said, given) in [(0, 1), (1, 0), (4096, 4095), (5, 4096)] {
        let mut header = message::complete_next_header(&[]);
        header.payload_length = said.into();
        let input = message::with_payload(&header, &sample::payload(given));
        let what = format!("COMPLETE_NEXT that says {said} and brings {given} bytes");
        probe.refused(&what, (CODE, &input, SIZE), status::INFO_LENGTH_MISMATCH)?;
    }
    for length in [TOO_LONG, HUGE] {
        let input = message::complete_next(&sample::payload(length));
        let what = format!("COMPLETE_NEXT with a payload of {length} bytes");
        probe.refused(&what, (CODE, &input, SIZE), status::INVALID_BUFFER_SIZE)?;
    }
    for said in [u32::MAX, u32::MAX - 7, u32::MAX - 8] {
        let mut header = message::complete_next_header(&[]);
        header.payload_length = said.into();
        let either = [status::INFO_LENGTH_MISMATCH, status::INVALID_BUFFER_SIZE];
        let what = format!("COMPLETE_NEXT that says {said} bytes");
        probe.refused_with(&what, (CODE, header.as_bytes(), SIZE), &either)?;
    }
    for version in wrong_versions() {
        let mut header = message::complete_next_header(&[]);
        header.version = version.into();
        let what = format!("COMPLETE_NEXT of version {version}");
        probe.refused(
            &what,
            (CODE, header.as_bytes(), SIZE),
            status::REVISION_MISMATCH,
        )?;
    }
    for length in 0..SIZE {
        let what = format!("COMPLETE_NEXT with {length} bytes of room");
        probe.refused(&what, (CODE, &good, length), status::BUFFER_TOO_SMALL)?;
    }
    probe.finish()
}

pub(super) fn cancel<T: Target>(target: &T) -> Checked {
    const SIZE: usize = size_of::<Canceled>();
    const CODE: u32 = ioctl::CANCEL;
    let probe = Probe::new(target)?;
    let good = message::cancel(scope::ALL, 0);
    wrong_lengths(&probe, CODE, good.as_bytes(), SIZE)?;
    for version in wrong_versions() {
        let mut input = good;
        input.version = version.into();
        let what = format!("CANCEL of version {version}");
        probe.refused(
            &what,
            (CODE, input.as_bytes(), SIZE),
            status::REVISION_MISMATCH,
        )?;
    }
    for unknown in [3, 4, 0x100, u32::MAX] {
        let input = message::cancel(unknown, TAG);
        let what = format!("CANCEL with scope {unknown}");
        probe.refused(
            &what,
            (CODE, input.as_bytes(), SIZE),
            status::INVALID_PARAMETER,
        )?;
    }
    for target in [TAG, 1 << 63] {
        let input = message::cancel(scope::ALL, target);
        let call = (CODE, input.as_bytes(), SIZE);
        probe.refused("CANCEL of all with a tag", call, status::INVALID_PARAMETER)?;
    }
    for length in 0..SIZE {
        let what = format!("CANCEL with {length} bytes of room");
        probe.refused(
            &what,
            (CODE, good.as_bytes(), length),
            status::BUFFER_TOO_SMALL,
        )?;
    }
    probe.finish()
}

/// With no buffer at all the driver has no `SystemBuffer` to look into.
pub(super) fn no_buffers<T: Target>(target: &T) -> Checked {
    let probe = Probe::new(target)?;
    for (code, name) in ioctl::ALL {
        let expected = match code {
            ioctl::PEND => &[status::INFO_LENGTH_MISMATCH][..],
            ioctl::QUERY_VERSION | ioctl::QUERY_STATISTICS => &[status::BUFFER_TOO_SMALL],
            // Input and output are both too short.
            _ => &[status::INFO_LENGTH_MISMATCH, status::BUFFER_TOO_SMALL],
        };
        probe.refused_with(&format!("{name} without buffers"), (code, &[], 0), expected)?;
    }
    probe.finish()
}

/// Every length shorter than a structure without payload, and some that are longer.
fn wrong_lengths<T: Target>(
    probe: &Probe<'_, T>,
    code: u32,
    good: &[u8],
    output_length: usize,
) -> Checked {
    let mut padded = good.to_vec();
    padded.resize(HUGE, 0);
    let longer = [good.len() + 1, good.len() + 4, 4096, HUGE];
    for length in (0..good.len()).chain(longer) {
        let input = padded.get(..length).unwrap_or(&padded);
        let what = format!("code {code:#x} with {length} bytes of input");
        probe.refused(
            &what,
            (code, input, output_length),
            status::INFO_LENGTH_MISMATCH,
        )?;
    }
    Ok(())
}

fn wrong_versions() -> impl Iterator<Item = u32> {
    [0, VERSION + 1, VERSION << 8, VERSION << 16, u32::MAX].into_iter()
}
