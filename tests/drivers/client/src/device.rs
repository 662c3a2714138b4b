//! A device of one of the drivers, from installing to removal.

use std::path::Path;

use anyhow::{Context as _, Result};
use csqctl::device::device_set::{DeviceSet, inf_class, update_driver};

use crate::uses::Use;

/// Makes a device `Root\NAME`, has `used` use it, and removes it.
pub fn with(inf: &Path, name: &str, used: Use) -> Result<()> {
    let hardware_id = format!(r"Root\{name}");
    let class = inf_class(inf).context("reading the INF")?;
    let set = DeviceSet::empty(&class).context("making a device set")?;
    let node = set
        .create(&class, &hardware_id)
        .context("making the device node")?;
    let result = update_driver(inf, &hardware_id)
        .context("installing the driver")
        .and_then(|_| used(format!(r"\\.\{name}").as_ref()));
    node.remove().context("removing the device")?;
    result
}
