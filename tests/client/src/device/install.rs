//! Installs the driver and removes its devices, as `devcon` does, but looks whether it worked.

use super::device_set::{DeviceSet, Node, inf_class, update_driver};
use super::find::interface;
use super::host;
use crate::{Error, problem};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use windows_sys::Win32::Foundation::ERROR_ACCESS_DENIED;

/// The hardware id of csq devices.
pub const HARDWARE_ID: &str = r"Root\CSQ";
/// The service of their driver.
pub const SERVICE: &str = "csq";
/// How long a device may take to start or to go.
const LIMIT: Duration = Duration::from_secs(20);

/// What came of installing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Installed {
    /// There is a device now.
    New,
    /// There was one before, and it was left as it is.
    Before,
}

/// What came of removing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// So many devices are gone.
    Gone(usize),
    /// A program has a handle open, or a driver said no; nothing was changed.
    Refused,
}

/// Where the INF is: where the caller says, or beside this program.
///
/// # Errors
/// There is no file, or no driver beside it.
pub fn inf_path(given: Option<&Path>) -> Result<PathBuf, Error> {
    let beside = || {
        let program = std::env::current_exe().unwrap_or_default();
        program.with_file_name("csq.inf")
    };
    let path = given.map_or_else(beside, Path::to_path_buf);
    // SetupAPI takes a path without directories for one of the Windows INF directory.
    let Some(path) = std::path::absolute(&path)
        .ok()
        .filter(|path| path.is_file())
    else {
        return Err(Error::NoInf { path });
    };
    // SetupAPI would ask for a disk, and wait for it.
    let driver = path.with_file_name(SERVICE).with_extension("sys");
    if driver.is_file() {
        Ok(path)
    } else {
        Err(Error::NoDriver { path: driver })
    }
}

/// Makes a device node and installs the driver for it. The device has started when this returns.
///
/// # Errors
/// The device did not get its driver, or did not start. It is removed again then.
pub fn install(inf: &Path) -> Result<Installed, Error> {
    if interface()?.is_some() {
        return Ok(Installed::Before);
    }
    clear_leftovers()?;
    let class = inf_class(inf).map_err(|error| failed("reading the INF", &error))?;
    let set = DeviceSet::empty(&class).map_err(|error| failed("making a device set", &error))?;
    let node = set
        .create(&class, HARDWARE_ID)
        .map_err(|error| failed("making the device node", &error))?;
    let started = start(inf, &node);
    if matches!(&started, Err(error) if !matches!(error, Error::RestartNeeded { .. })) {
        // The first error is the one to tell.
        let _ = node.remove();
    }
    started.map(|()| Installed::New)
}

/// Installs the driver for a new node and waits until its device has started.
fn start(inf: &Path, node: &Node<'_>) -> Result<(), Error> {
    let restart =
        update_driver(inf, HARDWARE_ID).map_err(|error| failed("installing the driver", &error))?;
    // That the call succeeds does not say that the INF had anything for this device.
    match node.service() {
        Some(service) if service.eq_ignore_ascii_case(SERVICE) => {}
        Some(other) => {
            let why = format!("the device got the service {other} and not {SERVICE}");
            return Err(Error::Install {
                what: "installing the driver",
                why,
            });
        }
        None => {
            let why = format!(
                "no model in {} is for this version of Windows",
                inf.display()
            );
            return Err(Error::Install {
                what: "installing the driver",
                why,
            });
        }
    }
    if restart {
        return Err(Error::RestartNeeded {
            what: "the driver is installed",
        });
    }
    // What has a problem by now does not start by waiting.
    within(LIMIT, || Ok(interface()?.is_some() || node.problem() != 0))?;
    if interface()?.is_some() {
        return Ok(());
    }
    let why = format!(
        "the device did not start: {}",
        problem::sentence(node.problem())
    );
    Err(Error::Install {
        what: "starting the device",
        why,
    })
}

/// Removes every csq device.
///
/// # Errors
/// There is none, or Windows refused.
pub fn remove() -> Result<Removed, Error> {
    let set = DeviceSet::all().map_err(|error| Error::system("listing devices", error))?;
    let nodes: Vec<Node<'_>> = set.nodes().filter(is_ours).collect();
    if nodes.is_empty() {
        return Err(Error::NothingToRemove);
    }
    // DIF_REMOVE alone, which is all that devcon does, deletes the registry keys of a device even if it is in
    // use; the device itself then stays until the next restart ("SetupDiRemoveDevice function"). So drivers
    // and programs are asked first, by the function that prepares a safe removal
    // ("CM_Query_And_Remove_SubTreeW function"): if one says no, nothing has changed. If none does, that
    // function has stopped the device, and DIF_REMOVE removes its node.
    // Wine asks nobody and cannot be asked to.
    if !host::is_wine() && !nodes.iter().all(Node::query_and_stop) {
        return Ok(Removed::Refused);
    }
    let mut restart = false;
    for node in &nodes {
        restart |= node
            .remove()
            .map_err(|error| failed("removing the device", &error))?;
    }
    if restart {
        return Err(Error::RestartNeeded {
            what: "the device will be removed",
        });
    }
    if within(LIMIT, || Ok(interface()?.is_none()))? {
        Ok(Removed::Gone(nodes.len()))
    } else {
        let what = "the end of the device interface".to_owned();
        Err(Error::TimedOut {
            what,
            seconds: LIMIT.as_secs(),
        })
    }
}

/// Whether a node is a csq device's.
pub(super) fn is_ours(node: &Node<'_>) -> bool {
    node.hardware_ids()
        .iter()
        .any(|id| id.eq_ignore_ascii_case(HARDWARE_ID))
}

/// Removes nodes without a driver, which an installation that was cut short leaves behind. A node
/// that has its driver and has not started is for the user to look at.
fn clear_leftovers() -> Result<(), Error> {
    let set = DeviceSet::all().map_err(|error| Error::system("listing devices", error))?;
    for node in set.nodes().filter(is_ours) {
        if node.service().is_some() {
            return Err(Error::NotStarted {
                problem: node.problem(),
            });
        }
        node.remove()
            .map_err(|error| failed("removing a device without a driver", &error))?;
    }
    Ok(())
}

/// Whether something comes true in time. Device interfaces can only be asked for.
fn within(
    limit: Duration,
    mut condition: impl FnMut() -> Result<bool, Error>,
) -> Result<bool, Error> {
    let since = Instant::now();
    loop {
        if condition()? {
            return Ok(true);
        }
        if since.elapsed() > limit {
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn failed(what: &'static str, error: &io::Error) -> Error {
    if error.raw_os_error() == Some(ERROR_ACCESS_DENIED.cast_signed()) {
        return Error::Denied { what };
    }
    Error::Install {
        what,
        why: error.to_string(),
    }
}
