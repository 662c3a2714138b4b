//! What a program does with each of the drivers.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use csq_protocol::ioctl::Rights;
use csq_protocol::status::{CANCELLED, SUCCESS};
use csqctl::device::{Handle, Mode, Request, Submitted, Waited};

/// Uses the device of that path.
pub type Use = fn(path: &Path) -> Result<()>;

/// By the names of their devices.
pub const ALL: [(&str, Use); 4] = [
    ("Smallest", smallest),
    ("Pair", pair),
    ("Frames", frames),
    ("Clock", clock),
];

/// For what has to end by itself.
const LIMIT: Duration = Duration::from_secs(20);

fn open(path: &Path) -> Result<Handle> {
    Handle::open(path, Rights::ALL, Mode::Overlapped).context("opening the device")
}

/// Sends a request that stays pending.
fn pend(handle: &Handle, code: u32, output_length: usize) -> Result<Request> {
    match handle.submit(code, Vec::new(), vec![0; output_length])? {
        Submitted::Pending(request) => Ok(request),
        Submitted::Ended(answer) => bail!("a request ended at once: {answer:?}"),
    }
}

/// Sends a request that ends at once, with success.
fn control(handle: &Handle, code: u32, input: &[u8], output: &[u8]) -> Result<()> {
    match handle.submit(code, input.to_vec(), output.to_vec())? {
        Submitted::Ended(answer) if answer.status == SUCCESS => Ok(()),
        other => bail!("{code:#x}: {other:?}"),
    }
}

/// A request ends with a status and these bytes.
fn ends(request: &Request, status: u32, output: &[u8]) -> Result<()> {
    match request.wait(LIMIT) {
        Waited::Ended(answer) => {
            ensure!(answer.status == status, "ended with {:#x}", answer.status);
            ensure!(answer.returned() == output, "answered with {answer:?}");
            Ok(())
        }
        other => bail!("a request did not end: {other:?}"),
    }
}

/// One request is canceled, the other answered, and the last ends with its handle.
fn smallest(path: &Path) -> Result<()> {
    const PEND: u32 = 0x0022_6000;
    const COMPLETE_NEXT: u32 = 0x0022_A004;
    let handle = open(path)?;
    let canceled = pend(&handle, PEND, 8)?;
    let answered = pend(&handle, PEND, 8)?;
    let left = pend(&handle, PEND, 8)?;
    canceled.cancel()?;
    ends(&canceled, CANCELLED, b"")?;
    control(&handle, COMPLETE_NEXT, b"answer", b"")?;
    ends(&answered, SUCCESS, b"answer")?;
    drop(handle);
    ends(&left, CANCELLED, b"")
}

/// What is written at one end is read at the other, before or after.
fn pair(path: &Path) -> Result<()> {
    fn open(path: &Path) -> Result<File> {
        let options = OpenOptions::new().read(true).write(true).open(path);
        options.context("opening the device")
    }
    let (mut first, mut second) = (open(path)?, open(path)?);
    let reader = thread::spawn(move || {
        let mut bytes = [0; 5];
        first.read_exact(&mut bytes).map(|()| bytes)
    });
    second.write_all(b"he")?;
    second.write_all(b"llo")?;
    let read = reader.join().ok().context("the reader ended badly")??;
    ensure!(&read == b"hello", "read {read:?}");
    Ok(())
}

/// A frame goes to those who wait, as much as there is room for.
fn frames(path: &Path) -> Result<()> {
    const GET_FRAME: u32 = 0x0022_6002;
    const PUT_FRAME: u32 = 0x0022_A005;
    let frame: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let handle = open(path)?;
    let large = pend(&handle, GET_FRAME, 200_000)?;
    let canceled = pend(&handle, GET_FRAME, 16)?;
    let small = pend(&handle, GET_FRAME, 4)?;
    canceled.cancel()?;
    ends(&canceled, CANCELLED, b"")?;
    control(&handle, PUT_FRAME, b"", &frame)?;
    ends(&large, SUCCESS, &frame)?;
    ends(&small, SUCCESS, &[0, 1, 2, 3])
}

/// A tick answers those who wait, and the next one those who come later.
fn clock(path: &Path) -> Result<()> {
    const WAIT: u32 = 0x0022_6000;
    let handle = open(path)?;
    for tick in [1_u64, 2] {
        let request = pend(&handle, WAIT, 8)?;
        ends(&request, SUCCESS, &tick.to_le_bytes())?;
    }
    Ok(())
}
