//! The drivers that are compared, and what is asked of them.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use csq_protocol::status::{NOT_FOUND, SUCCESS};
use csq_protocol::{ioctl, message, wire};
use ntsim::native::{Driver, Handle, Requests};
use object::LittleEndian as LE;
use object::read::pe::PeFile64;
use zerocopy::{FromBytes, IntoBytes};

/// Bytes that go with each request and each answer.
pub const PAYLOAD: u32 = 64;
const REQUEST_PAYLOAD: [u8; PAYLOAD as usize] = [0x5a; PAYLOAD as usize];
const ANSWER_PAYLOAD: [u8; PAYLOAD as usize] = [0xa5; PAYLOAD as usize];

/// The most requests that a measurement has with a driver at once, and some to spare.
pub const LIMIT: u32 = 100_000 + 4096;

/// A driver that runs.
pub struct Subject {
    /// What tables call it.
    pub name: String,
    /// How many requests one handle may have.
    pub limit: usize,
    /// Whether it knows claims.
    pub claims: bool,
    /// Bytes of code.
    pub text: usize,
    driver: Driver,
}

impl Subject {
    /// Loads and starts a driver.
    ///
    /// # Errors
    /// The file cannot be read or is none that can be run.
    pub fn start(name: &str, path: &Path, handle_limit: u32) -> Result<Self> {
        Self::start_limited(name, path, (LIMIT, handle_limit))
    }

    /// As [`start`](Self::start), with a device that takes `device_limit` requests.
    ///
    /// # Errors
    /// As there.
    pub fn start_limited(
        name: &str,
        path: &Path,
        (device_limit, handle_limit): (u32, u32),
    ) -> Result<Self> {
        let file = std::fs::read(path).with_context(|| path.display().to_string())?;
        let parameters = [("DeviceLimit", device_limit), ("HandleLimit", handle_limit)];
        let driver = Driver::start(&file, &parameters)
            .with_context(|| format!("{} cannot be started", path.display()))?;
        let mut subject = Self {
            name: name.to_owned(),
            limit: 0,
            claims: false,
            text: text_size(&file)?,
            driver,
        };
        subject.limit = subject.query_limit()?;
        subject.claims = subject.knows_claims()?;
        Ok(subject)
    }

    /// The driver.
    pub const fn driver(&self) -> &Driver {
        &self.driver
    }

    /// Opens a handle.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn open(&self) -> Result<Handle<'_>> {
        self.driver
            .open()
            .map_err(|status| anyhow!("{}: create: {status:#x}", self.name))
    }

    fn query_limit(&self) -> Result<usize> {
        let handle = self.open()?;
        let output = size_of::<wire::Version>();
        let query = handle.requests(ioctl::QUERY_VERSION, &[], output, 1);
        let status = query.send(0);
        let (version, _) = wire::Version::read_from_prefix(&query.output(0))
            .map_err(|_| anyhow!("{}: QUERY_VERSION: {status:#x}", self.name))?;
        Ok(version.handle_limit.get() as usize)
    }

    fn knows_claims(&self) -> Result<bool> {
        let handle = self.open()?;
        Ok(claim(&handle, 1).send(0) == NOT_FOUND)
    }
}

/// Requests that stay.
pub fn pend<'handle>(handle: &'handle Handle<'_>, count: usize) -> Requests<'handle> {
    let input = message::pend(7, &REQUEST_PAYLOAD);
    handle.requests(ioctl::PEND, &input, PAYLOAD as usize, count)
}

/// Completing the oldest request.
pub fn complete_next<'handle>(handle: &'handle Handle<'_>) -> Requests<'handle> {
    let input = message::complete_next(&ANSWER_PAYLOAD);
    let output = size_of::<wire::Completed>();
    handle.requests(ioctl::COMPLETE_NEXT, &input, output, 1)
}

/// Claiming the oldest request.
pub fn claim<'handle>(handle: &'handle Handle<'_>, count: usize) -> Requests<'handle> {
    let input = message::claim(0);
    handle.requests(ioctl::CLAIM, input.as_bytes(), message::ANY_ROOM, count)
}

/// Completing a claimed request, whose id comes with [`complete_input`].
pub fn complete<'handle>(handle: &'handle Handle<'_>) -> Requests<'handle> {
    let output = size_of::<wire::Delivered>();
    handle.requests(ioctl::COMPLETE, &complete_input(0), output, 1)
}

/// Canceling all requests of the handle.
pub fn cancel_all<'handle>(handle: &'handle Handle<'_>) -> Requests<'handle> {
    let input = message::cancel(wire::scope::ALL, 0);
    let output = size_of::<wire::Canceled>();
    handle.requests(ioctl::CANCEL, input.as_bytes(), output, 1)
}

/// Asking for the statistics.
pub fn statistics<'handle>(handle: &'handle Handle<'_>) -> Requests<'handle> {
    let output = size_of::<wire::Statistics>();
    handle.requests(ioctl::QUERY_STATISTICS, &[], output, 1)
}

/// A code that no driver knows: the cost of the machine itself, and of a driver's way in and out.
pub fn unknown<'handle>(handle: &'handle Handle<'_>) -> Requests<'handle> {
    const UNKNOWN: u32 = 0x0022_7ffc;
    handle.requests(UNKNOWN, &[], 0, 1)
}

/// The size of the section `.text`.
fn text_size(file: &[u8]) -> Result<usize> {
    let image = PeFile64::parse(file)?;
    let sections = image.section_table();
    let text = sections
        .iter()
        .find(|section| section.raw_name() == b".text");
    match text {
        Some(section) => Ok(section.virtual_size.get(LE) as usize),
        None => bail!("there is no section .text"),
    }
}

/// The input of `COMPLETE` for one request.
pub fn complete_input(id: u64) -> Vec<u8> {
    message::complete(id, SUCCESS, &ANSWER_PAYLOAD)
}

/// The id that a claim came back with.
///
/// # Errors
/// It came back with none.
pub fn claimed_id(claims: &Requests<'_>, index: usize) -> Result<u64> {
    let (claimed, _) = wire::Claimed::read_from_prefix(&claims.output(index))
        .map_err(|_| anyhow!("a claim ended with {:x?}", claims.status(index)))?;
    Ok(claimed.id.get())
}
