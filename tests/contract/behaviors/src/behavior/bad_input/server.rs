//! Mistakes of servers that claim: `CLAIM` and `COMPLETE`.

use super::{HUGE, Probe, ROOM, wrong_lengths, wrong_versions};
use crate::account::{Account, Change};
use crate::expect;
use crate::outcome::Checked;
use crate::sample;
use crate::session::claimed;
use crate::target::Target;
use csq_protocol::message;
use csq_protocol::wire::{Claimed, Delivered, claim as flag};
use csq_protocol::{MAX_PAYLOAD, ioctl, status};
use zerocopy::IntoBytes;

/// No request can end with these: `STATUS_PENDING`, `STATUS_REPARSE`, `STATUS_VERIFY_REQUIRED` (a warning
/// with which the I/O manager copies no output), and -1.
const NO_ENDING: [(u32, &[u8]); 7] = [
    (status::PENDING, b""),
    (status::PENDING, b"x"),
    (0x0000_0104, b""),
    (0x0000_0104, b"x"),
    (0x8000_0016, b""),
    (0x8000_0016, b"x"),
    (u32::MAX, b""),
];

pub(in crate::behavior) fn claim<T: Target>(target: &T) -> Checked {
    const CODE: u32 = ioctl::CLAIM;
    const SIZE: usize = message::ANY_ROOM;
    let probe = Probe::new(target)?;
    let good = message::claim(0);
    for flags in [0, flag::WAIT] {
        let input = message::claim(flags);
        wrong_lengths(&probe, CODE, input.as_bytes(), SIZE)?;
    }
    for version in wrong_versions() {
        let mut input = good;
        input.version = version.into();
        let call = (CODE, input.as_bytes(), SIZE);
        let what = format!("CLAIM of version {version}");
        probe.refused(&what, call, status::REVISION_MISMATCH)?;
    }
    for flags in [2, 3, 0x100, 0x8000_0000, 0x8000_0001, u32::MAX] {
        let input = message::claim(flags);
        let call = (CODE, input.as_bytes(), SIZE);
        let what = format!("CLAIM with flags {flags:#x}");
        probe.refused(&what, call, status::INVALID_PARAMETER)?;
    }
    // Room for the pending requests is not enough: it must be for any.
    let short = [0, 1, 8, 23, 24, 25, MAX_PAYLOAD as usize, SIZE - 1];
    for (length, flags) in short
        .iter()
        .flat_map(|length| [(*length, 0), (*length, flag::WAIT)])
    {
        let input = message::claim(flags);
        let call = (CODE, input.as_bytes(), length);
        let what = format!("CLAIM with {length} bytes of room");
        probe.refused(&what, call, status::BUFFER_TOO_SMALL)?;
    }
    for length in [SIZE + 1, HUGE] {
        let input = message::claim(flag::WAIT);
        let what = format!("CLAIM that may wait, with {length} bytes of room");
        probe.refused(
            &what,
            (CODE, input.as_bytes(), length),
            status::INVALID_BUFFER_SIZE,
        )?;
    }
    // Nothing was claimed by any of them, and with more room than needed something is.
    let answer = probe.session.control(CODE, good.as_bytes(), HUGE)?;
    expect::status("CLAIM with room to spare", status::SUCCESS, answer.status)?;
    let length = size_of::<Claimed>();
    expect::equal("the length it returns", length, answer.information)?;
    let id = claimed(&answer)?.id;
    probe.session.complete(id, status::SUCCESS, &[])?;
    probe.finish_after_the_first()
}

pub(in crate::behavior) fn complete<T: Target>(target: &T) -> Checked {
    const CODE: u32 = ioctl::COMPLETE;
    const SIZE: usize = size_of::<Delivered>();
    const TOO_LONG: usize = MAX_PAYLOAD as usize + 1;
    let probe = Probe::new(target)?;
    let account = Account::open(&probe.session)?;
    let id = probe.session.claim()?.id;
    let header = message::complete_header(id, status::SUCCESS, &[]);
    wrong_lengths(&probe, CODE, header.as_bytes(), SIZE)?;
    for (said, given) in [(0, 1), (1, 0), (1, 2), (4096, 4095), (5, 4096)] {
        let mut wrong = header;
        wrong.payload_length = said.into();
        let input = message::with_payload(&wrong, &sample::payload(given));
        let what = format!("COMPLETE that says {said} and brings {given} bytes");
        probe.refused(&what, (CODE, &input, SIZE), status::INFO_LENGTH_MISMATCH)?;
    }
    for length in [TOO_LONG, 0x1_0000, HUGE] {
        let input = message::complete(id, status::SUCCESS, &sample::payload(length));
        let what = format!("COMPLETE with a payload of {length} bytes");
        probe.refused(&what, (CODE, &input, SIZE), status::INVALID_BUFFER_SIZE)?;
    }
    for said in [u32::MAX, u32::MAX - 23, u32::MAX - 24] {
        let mut wrong = header;
        wrong.payload_length = said.into();
        let either = [status::INFO_LENGTH_MISMATCH, status::INVALID_BUFFER_SIZE];
        let what = format!("COMPLETE that says {said} bytes");
        probe.refused_with(&what, (CODE, wrong.as_bytes(), SIZE), &either)?;
    }
    for version in wrong_versions() {
        let mut wrong = header;
        wrong.version = version.into();
        let what = format!("COMPLETE of version {version}");
        probe.refused(
            &what,
            (CODE, wrong.as_bytes(), SIZE),
            status::REVISION_MISMATCH,
        )?;
    }
    for reserved in [1, 0x8000_0000, u32::MAX] {
        let mut wrong = header;
        wrong.reserved = reserved.into();
        let what = "COMPLETE with a reserved field set";
        probe.refused(
            what,
            (CODE, wrong.as_bytes(), SIZE),
            status::INVALID_PARAMETER,
        )?;
    }
    for (status, payload) in NO_ENDING {
        let input = message::complete(id, status, payload);
        let what = format!("COMPLETE with the status {status:#010x}");
        probe.refused(&what, (CODE, &input, SIZE), status::INVALID_PARAMETER)?;
    }
    for error in [status::CANCELLED, 0xc000_0001, 0xe000_0000, u32::MAX] {
        let input = message::complete(id, error, b"x");
        let what = format!("COMPLETE with the error {error:#x} and a payload");
        probe.refused(&what, (CODE, &input, SIZE), status::INVALID_PARAMETER)?;
    }
    for length in 0..SIZE {
        let input = message::complete(id, status::SUCCESS, b"x");
        let what = format!("COMPLETE with {length} bytes of room");
        probe.refused(&what, (CODE, &input, length), status::BUFFER_TOO_SMALL)?;
    }
    let input = message::complete(id, status::SUCCESS, b"x");
    let answer = probe.session.control(CODE, &input, ROOM)?;
    expect::status(
        "COMPLETE with room to spare",
        status::SUCCESS,
        answer.status,
    )?;
    expect::equal("the length it returns", SIZE, answer.information)?;
    let change = Change {
        completed: 1,
        pending: -1,
        ..Change::default()
    };
    account.changed_by(&probe.session, change)?;
    probe.finish_after_the_first()
}
