//! The requests of the protocol.

use csq_protocol::{ioctl, message, status, wire};
use zerocopy::{FromBytes, IntoBytes};

use ntsim::manager::request::{self, Control};
use ntsim::world;

/// What a request may be answered with.
const PAYLOAD: &[u8] = b"answer";
/// Length of [`wire::Completed`].
const COMPLETED: usize = size_of::<wire::Completed>();
/// Length of [`wire::Delivered`].
const DELIVERED: usize = size_of::<wire::Delivered>();
/// Length of [`wire::Canceled`].
const CANCELED: usize = size_of::<wire::Canceled>();
/// Length of [`wire::Statistics`].
const STATISTICS: usize = size_of::<wire::Statistics>();

/// Makes a request, without sending it. Returns its number.
fn prepare(
    name: &'static str,
    file: usize,
    code: u32,
    input: &[u8],
    output_length: usize,
) -> usize {
    let control = Control {
        name,
        file,
        code,
        input,
        output_length,
    };
    request::prepare(&control).unwrap_or(usize::MAX)
}

/// A request that stays, for at most `timeout` milliseconds if that is not 0.
pub fn pend(name: &'static str, file: usize, tag: u64, timeout: u32) -> usize {
    let input = message::pend_timed(tag, timeout, &[]);
    prepare(name, file, ioctl::PEND, &input, PAYLOAD.len())
}

/// Answers the oldest request.
pub fn complete_next(file: usize) -> usize {
    let input = message::complete_next(PAYLOAD);
    prepare(
        "complete-next",
        file,
        ioctl::COMPLETE_NEXT,
        &input,
        COMPLETED,
    )
}

/// Takes the oldest request, or waits for one.
pub fn claim(name: &'static str, file: usize, wait: bool) -> usize {
    let claim = message::claim(if wait { wire::claim::WAIT } else { 0 });
    prepare(
        name,
        file,
        ioctl::CLAIM,
        claim.as_bytes(),
        message::ANY_ROOM,
    )
}

/// Answers a request that was claimed.
pub fn complete(file: usize, id: u64) -> usize {
    let input = message::complete(id, status::SUCCESS, PAYLOAD);
    prepare("complete", file, ioctl::COMPLETE, &input, DELIVERED)
}

/// Ends requests of the handle itself: all, or those with a tag or an id. See [`wire::scope`].
pub fn cancel(file: usize, scope: u32, target: u64) -> usize {
    prepare(
        "cancel-own",
        file,
        ioctl::CANCEL,
        message::cancel(scope, target).as_bytes(),
        CANCELED,
    )
}

/// Asks for the version.
pub fn version(file: usize) -> usize {
    prepare(
        "version",
        file,
        ioctl::QUERY_VERSION,
        &[],
        size_of::<wire::Version>(),
    )
}

/// Asks for the statistics.
pub fn statistics(file: usize) -> usize {
    prepare("statistics", file, ioctl::QUERY_STATISTICS, &[], STATISTICS)
}

/// What a request came back with.
pub fn answer<T: FromBytes>(request: usize) -> Option<T> {
    let output = world::with(|world| world.irps.get(request).map(|irp| irp.output.clone()))?;
    T::read_from_prefix(&output).ok().map(|(answer, _)| answer)
}
