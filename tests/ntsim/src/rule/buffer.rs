//! What comes back to the requester.

use super::rules;
use crate::finding::Broken;
use crate::world::irp::Name;

rules! {
    /// INV-70.
    INFORMATION_TOO_LARGE = "information-too-large", None,
        "IoStatus.Information is at most the length of the output buffer.";
    /// INV-71, TR-85.
    STALE_BYTES = "stale-bytes", None,
        "Every byte that goes back to the requester was written by the driver: the rest of the pool block is not his business.";
}

/// What the part of a system buffer that the requester did not fill is set to.
pub const POISON: u8 = 0xa5;

/// Fewer bytes in a row may be an accident.
const RUN: usize = 8;

/// The bytes that went back.
///
/// # Errors
/// The broken rule.
pub fn check_output(name: Name, output: &[u8]) -> Result<(), Broken> {
    let stale = output
        .windows(RUN)
        .position(|window| window.iter().all(|byte| *byte == POISON));
    match stale {
        Some(offset) => Err(STALE_BYTES.broken(format!(
            "{name} returns {} bytes; from offset {offset} the driver has not written them",
            output.len()
        ))),
        None => Ok(()),
    }
}
