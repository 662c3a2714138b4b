//! The rule about the version resource.

use super::Outcome;
use crate::Image;
use crate::version::Version;

/// A crash dump tells which csq.sys it was.
pub fn version(image: &Image<'_>) -> Outcome {
    Version::of(&image.pe, image.bytes)
        .map_err(|error| format!("{error:#}"))?
        .judge("csq.sys")
}
