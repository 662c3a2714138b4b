//! Completion ports: what `DeviceIoControl` says of a request, and whether a packet comes of it.
//!
//! That no packet comes is seen by the next one: packets come out in the order in which they went in.

use super::removal::{installed, removed};
use crate::expect;
use crate::outcome::{Checked, Failure, Stop};
use crate::sample;
use crate::session::Session;
use crate::target::{Begun, Call, Capability, Packet, Removal, Target};
use csq_protocol::message;
use csq_protocol::wire::{Canceled, Claimed, Version, claim, scope};
use csq_protocol::{MAX_PAYLOAD, ioctl, status};
use zerocopy::IntoBytes;

/// `ERROR_IO_PENDING`.
const IO_PENDING: u32 = 997;
/// Room for a short answer.
const ROOM: usize = 64;

/// A handle that is bound to a port.
struct Bound<'t, T: Target> {
    target: &'t T,
    session: Session<'t, T>,
    port: T::Port,
}

impl<'t, T: Target> Bound<'t, T> {
    fn open(target: &'t T) -> Checked<Self> {
        expect::capable(target, Capability::CompletionPort)?;
        let session = Session::open(target)?;
        let port = target.bind(session.handle());
        let port = port.map_err(|sentence| cannot("binding a handle to a port", sentence))?;
        Ok(Self {
            target,
            session,
            port,
        })
    }

    /// A call that must get this far: 0 for success, or a Win32 error.
    fn begin(
        &self,
        what: &str,
        (code, input, output_length): (u32, &[u8], usize),
        error: u32,
    ) -> Checked<Begun<T::Request>> {
        let call = Call {
            code,
            input,
            output_length,
        };
        let begun = self.target.begin(&self.port, self.session.handle(), call);
        let begun = begun.map_err(|sentence| cannot(what, sentence))?;
        expect::equal(&format!("the error of {what}"), error, begun.error)?;
        Ok(begun)
    }

    /// A claim.
    fn claim(&self, flags: u32, error: u32) -> Checked<Begun<T::Request>> {
        let input = message::claim(flags);
        let call = (ioctl::CLAIM, input.as_bytes(), message::ANY_ROOM);
        self.begin("CLAIM", call, error)
    }

    fn pend(&self, timeout: u32, room: usize) -> Checked<Begun<T::Request>> {
        let input = message::pend_timed(1, timeout, &[]);
        self.begin("PEND", (ioctl::PEND, &input, room), IO_PENDING)
    }

    /// The next packet must be of a request, and say how it ended.
    fn told(
        &self,
        what: &str,
        begun: &Begun<T::Request>,
        error: u32,
        information: usize,
    ) -> Checked {
        let expected = Packet {
            overlapped: begun.overlapped,
            error,
            information,
        };
        let seen = self.target.packet(&self.port);
        expect::equal(&format!("the packet of {what}"), Some(expected), seen)
    }

    /// There is no packet: the next one is of a request that succeeds now.
    fn no_packet(&self, what: &str) -> Checked {
        let call = (ioctl::QUERY_VERSION, &[][..], size_of::<Version>());
        let begun = self.begin("QUERY_VERSION", call, 0)?;
        let what = format!("a request after {what}");
        self.told(&what, &begun, 0, size_of::<Version>())
    }
}

fn cannot(what: &str, sentence: String) -> Stop {
    Stop::Failed(Failure::new(what, "it can be made", sentence))
}

/// What a status must be to a Win32 program.
fn error_of(status: u32) -> Checked<u32> {
    match status::win32_error(status) {
        Some(error) => Ok(error),
        None => expect::failed(
            "a status of the table",
            "a Win32 error",
            expect::status_name(status),
        ),
    }
}

pub(super) fn each_status_is_its_error<T: Target>(target: &T) -> Checked {
    let client = Bound::open(target)?;
    let server = Session::open(target)?;
    for (status, name) in status::ALL {
        // No request ends with it.
        if *status == status::PENDING {
            continue;
        }
        let begun = client.pend(0, ROOM)?;
        let claim = server.claim()?;
        server.complete(claim.id, *status, &[])?;
        let what = format!("a request that ended with STATUS_{name}");
        client.told(&what, &begun, error_of(*status)?, 0)?;
    }
    Ok(())
}

pub(super) fn a_refusal_sends_no_packet<T: Target>(target: &T) -> Checked {
    let bound = Bound::open(target)?;
    let good = message::pend_header(1, &[]);
    let mut old = good;
    old.version = 1.into();
    let mut reserved = good;
    reserved.reserved = 1.into();
    let too_long = message::pend(1, &sample::payload(MAX_PAYLOAD as usize + 1));
    let stranger = message::cancel(scope::TAG, 77);
    let unclaimed = message::complete(u64::MAX, status::SUCCESS, &[]);
    let any_room = message::ANY_ROOM;
    let claim = message::claim(0);
    let wait = message::claim(claim::WAIT);
    let next = message::complete_next(&[]);
    let refused: [(&str, u32, &[u8], usize, u32); 10] = [
        (
            "CLAIM with nothing pending",
            ioctl::CLAIM,
            claim.as_bytes(),
            any_room,
            status::NOT_FOUND,
        ),
        (
            "COMPLETE_NEXT with nothing pending",
            ioctl::COMPLETE_NEXT,
            &next,
            ROOM,
            status::NOT_FOUND,
        ),
        (
            "CANCEL of nothing",
            ioctl::CANCEL,
            stranger.as_bytes(),
            ROOM,
            status::NOT_FOUND,
        ),
        (
            "COMPLETE of nothing",
            ioctl::COMPLETE,
            &unclaimed,
            ROOM,
            status::NOT_FOUND,
        ),
        (
            "PEND of another version",
            ioctl::PEND,
            old.as_bytes(),
            ROOM,
            status::REVISION_MISMATCH,
        ),
        (
            "PEND with a reserved field set",
            ioctl::PEND,
            reserved.as_bytes(),
            ROOM,
            status::INVALID_PARAMETER,
        ),
        (
            "PEND that is too short",
            ioctl::PEND,
            &[],
            ROOM,
            status::INFO_LENGTH_MISMATCH,
        ),
        (
            "PEND with a payload too long",
            ioctl::PEND,
            &too_long,
            ROOM,
            status::INVALID_BUFFER_SIZE,
        ),
        (
            "CLAIM with too little room",
            ioctl::CLAIM,
            wait.as_bytes(),
            ROOM,
            status::BUFFER_TOO_SMALL,
        ),
        (
            "an unknown code",
            ioctl::PEND + 0x400,
            &[],
            ROOM,
            status::INVALID_DEVICE_REQUEST,
        ),
    ];
    for (what, code, input, room, status) in refused {
        bound.begin(what, (code, input, room), error_of(status)?)?;
        bound.no_packet(what)?;
    }
    Ok(())
}

pub(super) fn what_ends_at_once_sends_one<T: Target>(target: &T) -> Checked {
    let bound = Bound::open(target)?;
    let pended = bound.pend(0, ROOM)?;
    let begun = bound.claim(0, 0)?;
    bound.told("CLAIM", &begun, 0, size_of::<Claimed>())?;
    let input = message::cancel(scope::ALL, 0);
    let begun = bound.begin("CANCEL", (ioctl::CANCEL, input.as_bytes(), ROOM), 0)?;
    let error = error_of(status::CANCELLED)?;
    bound.told("the canceled request", &pended, error, 0)?;
    bound.told("CANCEL", &begun, 0, size_of::<Canceled>())
}

pub(super) fn every_end_sends_one<T: Target>(target: &T) -> Checked {
    let bound = Bound::open(target)?;
    let server = Session::open(target)?;
    let begun = bound.pend(0, ROOM)?;
    server.complete_next(b"answer")?;
    bound.told("a completed request", &begun, 0, 6)?;
    bound.no_packet("a completed request")?;

    let begun = bound.pend(0, ROOM)?;
    expect::status("CancelIoEx", status::SUCCESS, target.cancel(&begun.request))?;
    let error = error_of(status::CANCELLED)?;
    bound.told("a canceled request", &begun, error, 0)?;
    bound.no_packet("a canceled request")?;

    let begun = bound.pend(10, ROOM)?;
    let error = error_of(status::IO_TIMEOUT)?;
    bound.told("a request with a timeout", &begun, error, 0)?;
    bound.no_packet("a request with a timeout")?;

    // A claim that waits is a pended request, too.
    let begun = bound.claim(claim::WAIT, IO_PENDING)?;
    let request = server.pend(2)?;
    bound.told("a claim that waited", &begun, 0, size_of::<Claimed>())?;
    drop(request);
    bound.no_packet("a claim that waited")
}

pub(super) fn a_cut_answer_is_a_warning<T: Target>(target: &T) -> Checked {
    let bound = Bound::open(target)?;
    let server = Session::open(target)?;
    for room in [0, 3] {
        let begun = bound.pend(0, room)?;
        let completed = server.complete_next(b"answer")?;
        expect::equal(
            "Completed.delivered",
            room,
            completed.delivered.get() as usize,
        )?;
        let error = error_of(status::BUFFER_OVERFLOW)?;
        bound.told("a request with too little room", &begun, error, room)?;
        let answer = bound
            .session
            .ended(&begun.request, status::BUFFER_OVERFLOW)?;
        let seen = answer.output.get(..answer.information);
        expect::equal("its beginning", b"answer".get(..room), seen)?;
    }
    Ok(())
}

pub(super) fn the_end_of_a_thread_cancels_nothing<T: Target>(target: &T) -> Checked {
    expect::capable(target, Capability::ThreadAgnostic)?;
    let bound = Bound::open(target)?;
    let server = Session::open(target)?;
    let begun = target.on_thread(|| bound.pend(0, ROOM))?;
    bound.no_packet("the end of a thread")?;
    let what = "a request whose thread has ended";
    bound.session.still_pending(what, &begun.request)?;
    server.complete_next(b"still there")?;
    bound.told(what, &begun, 0, 11)
}

pub(super) fn removal_says_so<T: Target>(target: &T) -> Checked {
    expect::capable(target, Capability::RemovalWhileOpen)?;
    let bound = Bound::open(target)?;
    let begun = bound.pend(0, ROOM)?;
    removed(target, Removal::Removed)?;
    let error = error_of(status::DEVICE_REMOVED)?;
    bound.told("a request of a device that is gone", &begun, error, 0)?;
    drop(bound);
    installed(target)
}
