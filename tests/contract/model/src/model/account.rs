//! What the device tells of itself.

use csq_protocol::{MAX_PAYLOAD, wire};

use super::Model;
use crate::ending::version;

/// In what numbers requests have come and ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub pended: u64,
    pub completed: u64,
    pub canceled: u64,
    pub timed_out: u64,
    pub flushed: u64,
    pub high_water: u64,
    pub refused: u64,
}

impl Model {
    pub(super) fn version(&self) -> wire::Version {
        wire::Version {
            version: version(),
            max_payload: MAX_PAYLOAD.into(),
            device_limit: self.limits.device.into(),
            handle_limit: self.limits.handle.into(),
        }
    }

    pub(super) fn statistics(&self) -> wire::Statistics {
        let (pending, claimed, waiting) = self.queued();
        let open = self.handles.iter().filter(|it| it.open && it.current);
        let counts = self.counts;
        wire::Statistics {
            pended: counts.pended.into(),
            completed: counts.completed.into(),
            canceled: counts.canceled.into(),
            timed_out: counts.timed_out.into(),
            flushed: counts.flushed.into(),
            pending: (pending as u64).into(),
            claimed: (claimed as u64).into(),
            high_water: counts.high_water.into(),
            handles: (open.count() as u64).into(),
            refused: counts.refused.into(),
            waiting: (waiting as u64).into(),
        }
    }
}
