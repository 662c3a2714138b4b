//! Whether both sides have done the same.

use behaviors::Target;
use csq_protocol::{ioctl, wire};
use exploration::program::queues;

use super::{Asked, Duel, Outstanding};

impl Duel<'_> {
    /// Compares what has happened, the account and the lists.
    pub(super) fn compare(&mut self) -> Result<(), String> {
        // A request that a claim waits for is handed over by one.
        self.target.wait_for_deferred();
        self.compare_endings()?;
        let (pending, claimed, waiting) = self.model.queued();
        let expected = queues::Lengths {
            pending,
            claimed,
            waiting,
        };
        let lengths = queues::check()?;
        if lengths != expected {
            return Err(format!("the queues have {lengths:?} and not {expected:?}"));
        }
        for handle in self.open_handles() {
            self.compare_claimed(handle)?;
            self.control(&Asked {
                handle,
                code: ioctl::QUERY_STATISTICS,
                input: Vec::new(),
                room: size_of::<wire::Statistics>(),
            })
            .map_err(|wrong| format!("the account, asked by handle {handle}: {wrong}"))?;
        }
        Ok(())
    }

    fn compare_claimed(&self, number: usize) -> Result<(), String> {
        let Some(handle) = self.handle(number) else {
            return Ok(());
        };
        let (own, expected) = (queues::served(handle.file)?, self.model.claimed_by(number));
        if own == expected {
            Ok(())
        } else {
            Err(format!(
                "handle {number} has claimed {own} requests and not {expected}"
            ))
        }
    }

    fn compare_endings(&mut self) -> Result<(), String> {
        for (call, ending) in self.model.take_endings() {
            let place = self.outstanding.iter().position(|it| it.call == call);
            let Some(place) = place else {
                return Err(format!("call {call} has ended twice in the model"));
            };
            let Outstanding {
                handle, request, ..
            } = self.outstanding.remove(place);
            let wrong = |wrong| format!("call {call} should have ended: {wrong}");
            match self.target.poll(&request) {
                Some(answer) => self.ended(handle, &answer, &ending).map_err(wrong)?,
                None => return Err(wrong("it has not".to_owned())),
            }
        }
        for outstanding in &self.outstanding {
            if let Some(answer) = self.target.poll(&outstanding.request) {
                let (call, status) = (outstanding.call, answer.status);
                return Err(format!(
                    "call {call} has ended with {status:#010x}, and should not"
                ));
            }
        }
        Ok(())
    }
}
