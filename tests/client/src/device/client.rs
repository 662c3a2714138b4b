//! The device with its control codes as functions.

use super::find::find;
use super::handle::{Handle, Mode};
use super::request::{Request, Submitted, Waited};
use crate::Error;
use crate::answer::Answer;
use csq_protocol::ioctl::Rights;
use csq_protocol::message;
use csq_protocol::{VERSION, ioctl, status, wire};
use std::io;
use std::time::Duration;
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND, ERROR_NO_SUCH_DEVICE, ERROR_PATH_NOT_FOUND,
};
use zerocopy::{FromBytes, IntoBytes};

/// How long a request may take that the driver answers at once.
const LIMIT: Duration = Duration::from_secs(20);

/// An open csq device that speaks this program's version of the protocol.
#[derive(Debug)]
pub struct Client {
    handle: Handle,
}

/// A request for [`Client::pend`]: what it brings, and what it asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pend<'a> {
    /// The caller's name for it. Need not be unique.
    pub tag: u64,
    /// After how many milliseconds it ends by itself; 0 for never.
    pub timeout: u32,
    /// What it tells the server.
    pub payload: &'a [u8],
    /// How long the answer may be.
    pub room: usize,
}

/// A request that [`Client::complete_next`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completed {
    /// The driver's name for it.
    pub id: u64,
    /// The name it was pended with.
    pub tag: u64,
    /// How many bytes of the payload fitted.
    pub delivered: u32,
}

/// Which requests [`Client::cancel`] ends. Always only those of its own handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    All,
    /// Those with a tag.
    Tag(u64),
    /// The one with an id, which servers know.
    Id(u64),
}

impl Client {
    /// Finds and opens the device, with all rights and for overlapped I/O.
    ///
    /// # Errors
    /// There is none, it may not be opened, or it speaks another version of the protocol.
    pub fn open() -> Result<Self, Error> {
        let handle = Handle::open(&find()?, Rights::ALL, Mode::Overlapped).map_err(opening)?;
        let client = Self { handle };
        match client.version()?.version.get() {
            VERSION => Ok(client),
            driver => Err(Error::WrongVersion {
                driver,
                program: VERSION,
            }),
        }
    }

    /// The handle.
    #[must_use]
    pub const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The version the driver speaks, and its limits.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn version(&self) -> Result<wire::Version, Error> {
        self.query("asking for the version", ioctl::QUERY_VERSION, &[])
    }

    /// The driver's account.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn statistics(&self) -> Result<wire::Statistics, Error> {
        self.query("asking for the statistics", ioctl::QUERY_STATISTICS, &[])
    }

    /// Leaves a request with the driver.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn pend(&self, request: Pend<'_>) -> Result<Request, Error> {
        let what = "pending a request";
        match self.try_pend(request)? {
            Ok(request) => Ok(request),
            Err(status) => Err(Error::Refused {
                what: what.into(),
                status,
            }),
        }
    }

    /// The same, for callers to whom a refusal is no error: the status says why.
    ///
    /// # Errors
    /// Windows is out of something.
    pub fn try_pend(&self, request: Pend<'_>) -> Result<Result<Request, u32>, Error> {
        let input = message::pend_timed(request.tag, request.timeout, request.payload);
        let output = vec![0; request.room];
        match self.handle.submit(ioctl::PEND, input, output) {
            Ok(Submitted::Pending(request)) => Ok(Ok(request)),
            Ok(Submitted::Ended(answer)) => Ok(Err(answer.status)),
            Err(error) => Err(Error::system("pending a request", error)),
        }
    }

    /// Ends the oldest pending request of anybody with a payload; `None` if nothing is pending.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn complete_next(&self, payload: &[u8]) -> Result<Option<Completed>, Error> {
        let what = "completing a request";
        let input = message::complete_next(payload);
        let room = size_of::<wire::Completed>();
        let answer = self.control(what, ioctl::COMPLETE_NEXT, input, room)?;
        if answer.status == status::NOT_FOUND {
            return Ok(None);
        }
        let completed: wire::Completed = answer.structure(what)?;
        Ok(Some(Completed {
            id: completed.id.get(),
            tag: completed.tag.get(),
            delivered: completed.delivered.get(),
        }))
    }

    /// Ends requests of this handle; returns how many.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn cancel(&self, scope: Scope) -> Result<u64, Error> {
        let what = "canceling requests";
        let input = match scope {
            Scope::All => message::cancel(wire::scope::ALL, 0),
            Scope::Tag(tag) => message::cancel(wire::scope::TAG, tag),
            Scope::Id(id) => message::cancel(wire::scope::ID, id),
        };
        let room = size_of::<wire::Canceled>();
        let answer = self.control(what, ioctl::CANCEL, input.as_bytes().to_vec(), room)?;
        if answer.status == status::NOT_FOUND {
            return Ok(0);
        }
        let canceled: wire::Canceled = answer.structure(what)?;
        Ok(canceled.count.get())
    }

    /// A question with a structure for an answer.
    fn query<S: FromBytes>(&self, what: &str, code: u32, input: &[u8]) -> Result<S, Error> {
        self.control(what, code, input.to_vec(), size_of::<S>())?
            .structure(what)
    }

    /// A request that the driver answers at once.
    pub(super) fn control(
        &self,
        what: &str,
        code: u32,
        input: Vec<u8>,
        room: usize,
    ) -> Result<Answer, Error> {
        let submitted = self
            .handle
            .submit(code, input, vec![0; room])
            .map_err(|error| Error::system("making a request", error))?;
        let request = match submitted {
            Submitted::Ended(answer) => return Ok(answer),
            Submitted::Pending(request) => request,
        };
        match request.wait(LIMIT) {
            Waited::Ended(answer) => Ok(answer),
            Waited::Untold | Waited::TimedOut => Err(Error::TimedOut {
                what: what.to_owned(),
                seconds: LIMIT.as_secs(),
            }),
        }
    }
}

/// What an error of opening the device means.
pub fn opening(error: io::Error) -> Error {
    match error.raw_os_error().map(i32::cast_unsigned) {
        Some(ERROR_ACCESS_DENIED) => Error::Denied {
            what: "opening the csq device",
        },
        Some(ERROR_FILE_NOT_FOUND | ERROR_PATH_NOT_FOUND | ERROR_NO_SUCH_DEVICE) => Error::Absent,
        _ => Error::system("opening the csq device", error),
    }
}
