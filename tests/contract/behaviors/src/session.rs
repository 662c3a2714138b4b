//! One open handle and what a body does with it. What a server does is in `server`.
//!
//! Every answer that passes through here is checked for bytes written beyond the returned length.

use crate::expect;
use crate::outcome::Checked;
use crate::target::{Answer, Call, Ending, Submitted, Target};
use csq_protocol::ioctl::Rights;
use csq_protocol::message;
use csq_protocol::{ioctl, status, wire};
use zerocopy::{FromBytes, IntoBytes};

mod server;

pub use server::{Claimed, claimed};

/// Output length for a pended request when a body does not care.
const ROOM: usize = 64;

/// An open handle to the device.
pub struct Session<'t, T: Target> {
    target: &'t T,
    handle: T::Handle,
}

impl<'t, T: Target> Session<'t, T> {
    /// Opens the device with all rights.
    ///
    /// # Errors
    /// The device cannot be opened.
    pub fn open(target: &'t T) -> Checked<Self> {
        Self::open_with(target, Rights::ALL)
    }

    /// Opens the device with some rights.
    ///
    /// # Errors
    /// The device cannot be opened.
    pub fn open_with(target: &'t T, rights: Rights) -> Checked<Self> {
        Self::opened(target, target.open(rights))
    }

    /// Opens the device for synchronous I/O.
    ///
    /// # Errors
    /// The device cannot be opened.
    pub fn open_synchronous(target: &'t T) -> Checked<Self> {
        Self::opened(target, target.open_synchronous(Rights::ALL))
    }

    /// A second handle to the same file object.
    ///
    /// # Errors
    /// The handle cannot be duplicated.
    pub fn duplicate(&self) -> Checked<Self> {
        Self::opened(self.target, self.target.duplicate(&self.handle))
    }

    fn opened(target: &'t T, result: Result<T::Handle, crate::target::OpenError>) -> Checked<Self> {
        match result {
            Ok(handle) => Ok(Self { target, handle }),
            Err(error) => expect::failed("opening the device", "a handle", error.to_string()),
        }
    }

    /// The handle itself.
    pub const fn handle(&self) -> &T::Handle {
        &self.handle
    }

    /// Closes the handle.
    pub fn close(self) {
        self.target.close(self.handle);
    }

    /// Device control that is expected to end by itself.
    ///
    /// # Errors
    /// It does not end, or wrote where it must not.
    pub fn control(&self, code: u32, input: &[u8], output_length: usize) -> Checked<Answer> {
        let call = Call {
            code,
            input,
            output_length,
        };
        let ending = self.target.control(&self.handle, call);
        told(&format!("device control {code:#x}"), ending)
    }

    /// Pends a request with room for a short answer.
    ///
    /// # Errors
    /// It does not pend.
    pub fn pend(&self, tag: u64) -> Checked<T::Request> {
        self.pend_with(tag, &[], ROOM)
    }

    /// Pends one request for each tag, in order.
    ///
    /// # Errors
    /// One does not pend.
    pub fn pend_each(&self, tags: impl IntoIterator<Item = u64>) -> Checked<Vec<T::Request>> {
        tags.into_iter().map(|tag| self.pend(tag)).collect()
    }

    /// Pends a request.
    ///
    /// # Errors
    /// It does not pend.
    pub fn pend_with(&self, tag: u64, payload: &[u8], output_length: usize) -> Checked<T::Request> {
        let input = message::pend(tag, payload);
        self.pends(
            &format!("PEND with tag {tag}"),
            ioctl::PEND,
            &input,
            output_length,
        )
    }

    /// Pends a request that ends by itself after some milliseconds, or never if that is 0.
    ///
    /// # Errors
    /// It does not pend.
    pub fn pend_timed(&self, tag: u64, timeout: u32) -> Checked<T::Request> {
        let input = message::pend_timed(tag, timeout, &[]);
        let what = format!("PEND with a timeout of {timeout} ms");
        self.pends(&what, ioctl::PEND, &input, ROOM)
    }

    /// Pends a request, or is told why not.
    ///
    /// # Errors
    /// It ended and wrote where it must not.
    pub fn try_pend(&self, tag: u64) -> Checked<Result<T::Request, Answer>> {
        self.submit(ioctl::PEND, &message::pend(tag, &[]), ROOM)
    }

    /// A call that must pend.
    fn pends(&self, what: &str, code: u32, input: &[u8], room: usize) -> Checked<T::Request> {
        match self.submit(code, input, room)? {
            Ok(request) => Ok(request),
            Err(answer) => {
                expect::failed(what, "STATUS_PENDING", expect::status_name(answer.status))
            }
        }
    }

    /// A call that may pend.
    ///
    /// # Errors
    /// It ended and wrote where it must not.
    pub fn submit(
        &self,
        code: u32,
        input: &[u8],
        room: usize,
    ) -> Checked<Result<T::Request, Answer>> {
        let call = Call {
            code,
            input,
            output_length: room,
        };
        match self.target.submit(&self.handle, call) {
            Submitted::Pending(request) => Ok(Ok(request)),
            Submitted::Ended(answer) => {
                let what = format!("device control {code:#x}");
                told(&what, Ending::Answer(answer)).map(Err)
            }
        }
    }

    /// `PEND` on a handle for synchronous I/O: returns when somebody has ended the request.
    ///
    /// # Errors
    /// It does not end.
    pub fn pend_blocking(&self, tag: u64) -> Checked<Answer> {
        self.pend_blocking_timed(tag, 0)
    }

    /// The same, with a timeout in milliseconds.
    ///
    /// # Errors
    /// It does not end.
    pub fn pend_blocking_timed(&self, tag: u64, timeout: u32) -> Checked<Answer> {
        self.control(ioctl::PEND, &message::pend_timed(tag, timeout, &[]), ROOM)
    }

    /// `CANCEL`, whatever it answers.
    ///
    /// # Errors
    /// It does not end.
    pub fn try_cancel(&self, scope: u32, target: u64) -> Checked<Answer> {
        self.control(
            ioctl::CANCEL,
            message::cancel(scope, target).as_bytes(),
            size_of::<wire::Canceled>(),
        )
    }

    /// `CANCEL`, which must not find a request.
    ///
    /// # Errors
    /// It does.
    pub fn cancel_finds_nothing(&self, what: &str, scope: u32, target: u64) -> Checked {
        let answer = self.try_cancel(scope, target)?;
        let what = format!("CANCEL of {what}");
        expect::status(&what, status::NOT_FOUND, answer.status)?;
        expect::equal("the length it returns", 0, answer.information)
    }

    /// `CANCEL`, which must find requests; returns how many.
    ///
    /// # Errors
    /// It finds none or answers wrongly.
    pub fn cancel(&self, scope: u32, target: u64) -> Checked<u64> {
        let answer = self.try_cancel(scope, target)?;
        let canceled: wire::Canceled = structure("CANCEL", &answer)?;
        Ok(canceled.count.get())
    }

    /// `QUERY_STATISTICS`, in a snapshot that balances.
    ///
    /// # Errors
    /// It fails or does not balance.
    pub fn statistics(&self) -> Checked<wire::Statistics> {
        let answer = self.control(ioctl::QUERY_STATISTICS, &[], size_of::<wire::Statistics>())?;
        let statistics: wire::Statistics = structure("QUERY_STATISTICS", &answer)?;
        expect::holds(
            "every request is accounted for",
            statistics.balances(),
            || format!("{statistics:?}"),
        )?;
        Ok(statistics)
    }

    /// How a request ended; it must.
    ///
    /// # Errors
    /// It does not end, or the host cannot tell how it did.
    pub fn ending(&self, request: &T::Request) -> Checked<Answer> {
        told("a pended request", self.target.wait(request))
    }

    /// A request must end with a status, and without a payload unless that is success.
    ///
    /// # Errors
    /// It does not.
    pub fn ended(&self, request: &T::Request, expected: u32) -> Checked<Answer> {
        let answer = self.ending(request)?;
        expect::status("the status of a pended request", expected, answer.status)?;
        if !matches!(expected, status::SUCCESS | status::BUFFER_OVERFLOW) {
            expect::equal("the length returned with it", 0, answer.information)?;
        }
        Ok(answer)
    }

    /// All of some requests must end with a status.
    ///
    /// # Errors
    /// One does not.
    pub fn all_ended<'r>(
        &self,
        requests: impl IntoIterator<Item = &'r T::Request>,
        expected: u32,
    ) -> Checked
    where
        T::Request: 'r,
    {
        for request in requests {
            self.ended(request, expected)?;
        }
        Ok(())
    }

    /// A request must not have ended.
    ///
    /// # Errors
    /// It has.
    pub fn still_pending(&self, what: &str, request: &T::Request) -> Checked {
        match self.target.poll(request) {
            None => Ok(()),
            Some(answer) => {
                expect::failed(what, "still pending", expect::status_name(answer.status))
            }
        }
    }

    /// Waits until this many requests are pending.
    ///
    /// # Errors
    /// It does not come to that.
    pub fn until_pending(&self, count: u64) -> Checked {
        let what = format!("{count} requests pending");
        self.until(&what, |statistics| statistics.pending.get() == count)
    }

    /// Waits until the account says so.
    ///
    /// # Errors
    /// It does not come to that.
    pub fn until(&self, what: &str, so: impl Fn(&wire::Statistics) -> bool) -> Checked {
        let mut last = Ok(wire::Statistics::default());
        let reached = self.target.wait_until(&mut || {
            last = self.statistics();
            last.as_ref().map_or(true, &so)
        });
        let last = last?;
        expect::holds(what, reached, || format!("{last:?}"))
    }

    /// `QUERY_VERSION`.
    ///
    /// # Errors
    /// It fails.
    pub fn version(&self) -> Checked<wire::Version> {
        let answer = self.control(ioctl::QUERY_VERSION, &[], size_of::<wire::Version>())?;
        structure("QUERY_VERSION", &answer)
    }
}

/// The structure that a successful answer consists of.
///
/// # Errors
/// The answer is no success, or not as long as the structure.
pub fn structure<S: FromBytes>(what: &str, answer: &Answer) -> Checked<S> {
    expect::status(what, status::SUCCESS, answer.status)?;
    expect::equal(
        &format!("the length {what} returns"),
        size_of::<S>(),
        answer.information,
    )?;
    match S::read_from_prefix(&answer.output) {
        Ok((structure, _)) => Ok(structure),
        Err(_) => expect::failed(
            format!("the output buffer of {what}"),
            format!("{} bytes", size_of::<S>()),
            answer.output.len().to_string(),
        ),
    }
}

/// The answer, if there is one.
fn told(what: &str, ending: Ending) -> Checked<Answer> {
    match ending {
        Ending::Answer(answer) => {
            expect::only_returned_bytes_written(what, &answer)?;
            Ok(answer)
        }
        Ending::Untold => expect::failed(what, "an answer", "an end that this host cannot tell"),
        Ending::Never => expect::failed(what, "to end", "no end for as long as this host waits"),
    }
}
