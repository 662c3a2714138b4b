//! Finds the device by its interface, or says why there is none.

use super::device_set::DeviceSet;
use super::install::is_ours;
use crate::Error;
use csq_protocol::INTERFACE_CLASS;
use std::path::PathBuf;
use windows_sys::core::GUID;

/// The interface class of csq devices.
const CLASS: GUID = GUID {
    data1: INTERFACE_CLASS.0,
    data2: INTERFACE_CLASS.1,
    data3: INTERFACE_CLASS.2,
    data4: INTERFACE_CLASS.3,
};

/// The path of the first csq device.
///
/// # Errors
/// There is none, or it has not started.
pub fn find() -> Result<PathBuf, Error> {
    if let Some(path) = interface()? {
        return Ok(path);
    }
    let nodes = DeviceSet::all().map_err(|error| Error::system("listing devices", error))?;
    match nodes.nodes().find(is_ours) {
        Some(node) => Err(Error::NotStarted {
            problem: node.problem(),
        }),
        None => Err(Error::Absent),
    }
}

/// The path of the first active interface, if there is one.
///
/// # Errors
/// SetupAPI refused.
pub(super) fn interface() -> Result<Option<PathBuf>, Error> {
    let set = DeviceSet::with_interface(&CLASS)
        .map_err(|error| Error::system("listing device interfaces", error))?;
    Ok(set.interfaces(&CLASS).next())
}
