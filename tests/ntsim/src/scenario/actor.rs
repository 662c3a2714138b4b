//! What a thread of a scenario does.

use csq_protocol::ioctl;

use super::stage::{Stage, answer, control};
use crate::finding;
use crate::manager::{file, request};
use crate::rule;
use crate::world;

/// One thing to do. Requests A and B, and the handles they belong to, are the stage's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Sends request A.
    Pend,
    /// Cancels request A, as CancelIoEx does.
    Cancel,
    /// Completes the oldest request.
    CompleteNext,
    /// Asks the driver to end the requests of A's handle.
    CancelOwn,
    /// Closes A's handle.
    Cleanup,
    /// Asks for the statistics, which must balance.
    Statistics,
    /// Sends a request and ends: the I/O manager cancels it and waits for it.
    ThreadExit,
    /// Pulls the device out.
    SurpriseRemoval,
    /// Asks whether the device may be removed, and takes it back.
    QueryRemove,
    /// Removes the device, with handles open.
    Remove,
}

impl std::str::FromStr for Actor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|actor| actor.name() == text);
        found.ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|actor| actor.name()).collect();
            format!("there is no actor {text:?}; there are {}", names.join(", "))
        })
    }
}

impl Actor {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Pend,
        Self::Cancel,
        Self::CompleteNext,
        Self::CancelOwn,
        Self::Cleanup,
        Self::Statistics,
        Self::ThreadExit,
        Self::SurpriseRemoval,
        Self::QueryRemove,
        Self::Remove,
    ];

    /// The name in scenario names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pend => "pend",
            Self::Cancel => "cancel",
            Self::CompleteNext => "complete-next",
            Self::CancelOwn => "cancel-own",
            Self::Cleanup => "cleanup",
            Self::Statistics => "statistics",
            Self::ThreadExit => "thread-exit",
            Self::SurpriseRemoval => "surprise-removal",
            Self::QueryRemove => "query-remove",
            Self::Remove => "remove",
        }
    }

    /// Whether the I/O manager, or another driver, may do this at `DISPATCH_LEVEL`.
    #[must_use]
    pub const fn may_dispatch_level(self) -> bool {
        matches!(
            self,
            Self::Pend | Self::Cancel | Self::CompleteNext | Self::CancelOwn | Self::Statistics
        )
    }

    /// Whether the Plug and Play manager does this.
    #[must_use]
    pub const fn needs_plug_and_play(self) -> bool {
        matches!(
            self,
            Self::SurpriseRemoval | Self::QueryRemove | Self::Remove
        )
    }

    /// Does it.
    pub(super) fn act(self, stage: Stage) {
        match self {
            Self::Pend => {
                request::send(stage.request);
            }
            Self::Cancel => {
                request::cancel(stage.request);
            }
            Self::CompleteNext => {
                let input = control::complete_next();
                send(&control::ask(
                    "complete-next",
                    stage.server,
                    ioctl::COMPLETE_NEXT,
                    &input,
                    control::COMPLETED,
                ));
            }
            Self::CancelOwn => cancel_own(stage),
            Self::Cleanup => file::close_handle(stage.client),
            Self::Statistics => statistics(stage),
            Self::ThreadExit => {
                if let Some(number) = request::prepare(&control::pend(
                    "thread's request",
                    stage.server,
                    &control::input(3),
                )) {
                    request::send(number);
                }
                request::end_thread();
            }
            Self::SurpriseRemoval => stage.device().surprise_remove(),
            Self::QueryRemove => stage.device().query_and_cancel_remove(),
            Self::Remove => stage.device().query_and_remove(),
        }
    }
}

fn cancel_own(stage: Stage) {
    world::with(|world| {
        if let Some(file) = world.files.get_mut(stage.client) {
            file.cancel_asked = true;
        }
    });
    let input = control::cancel_all();
    send(&control::ask(
        "cancel-own",
        stage.client,
        ioctl::CANCEL,
        &input,
        control::CANCELED,
    ));
}

/// Sends a request that comes back at once, and returns its number.
fn send(control: &request::Control<'_>) -> Option<usize> {
    let number = request::prepare(control)?;
    request::send(number);
    Some(number)
}

fn statistics(stage: Stage) {
    let ask = control::ask(
        "statistics",
        stage.server,
        ioctl::QUERY_STATISTICS,
        &[],
        control::STATISTICS,
    );
    let Some(number) = send(&ask) else {
        return;
    };
    if let Some(statistics) = answer(number)
        && !statistics.balances()
    {
        finding::raise(&rule::account::UNBALANCED, format!("{statistics:?}"));
    }
}
