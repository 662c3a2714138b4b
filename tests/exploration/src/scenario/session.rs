//! Sessions that record events: what they ask for, and what the driver writes then.

use super::control;
use super::stage::{Stage, TAG};
use crate::rule::account::UNWANTED_EVENTS;
use ntsim::finding;
use ntsim::machine;
use ntsim::manager::{enter_driver, request};
use ntsim::nt::pnp;
use ntsim::world;

const DISABLE: usize = 0;
const ENABLE: usize = 1;
const CAPTURE_STATE: usize = 2;

/// What the driver's routine is told: a code, a level, and keywords of which an event has to have any, and
/// all.
#[derive(Clone, Copy, Debug)]
struct Ask {
    code: usize,
    level: u8,
    any: u64,
    all: u64,
}

const fn enable(level: u8, any: u64, all: u64) -> Ask {
    Ask {
        code: ENABLE,
        level,
        any,
        all,
    }
}

const fn with_code(code: usize) -> Ask {
    Ask {
        code,
        ..enable(5, 0, 0)
    }
}

/// Bit 0 is the keyword of requests, bit 1 that of devices, and bit 2 of nothing.
const ASKS: &[Ask] = &[
    enable(5, 0, 0),
    enable(0, 0, 0),
    enable(4, 0, 0),
    enable(3, 0, 0),
    enable(5, 0b001, 0),
    enable(5, 0b010, 0),
    enable(5, 0b100, 0),
    enable(5, 0b101, 0),
    enable(5, 0b110, 0b010),
    enable(5, 0, 0b001),
    enable(5, 0b011, 0b001),
    enable(5, 0b011, 0b011),
    enable(5, 0, u64::MAX),
    with_code(DISABLE),
    with_code(CAPTURE_STATE),
    enable(5, 0b011, 0),
    with_code(CAPTURE_STATE),
    with_code(DISABLE),
];

/// Level and keyword of an event.
type Kind = (u8, u64);

impl Ask {
    fn wants(self, (level, keyword): Kind) -> bool {
        let by_level = self.level == 0 || level <= self.level;
        let by_keyword = self.any == 0 || keyword & self.any != 0;
        by_level && by_keyword && keyword & self.all == self.all
    }
}

/// Asks for this and that, and lets happen what there are events for. Nothing, if there is a session from
/// the beginning: what that records has to be whole.
pub fn record(stage: Stage) {
    if machine::with(|machine| machine.settings.tracing) {
        return;
    }
    let provider = world::with(|world| {
        world.providers.recorded = true;
        world.providers.first_mut().map(|it| it.routine)
    });
    let Some((routine, context)) = provider.filter(|(routine, _)| *routine != 0) else {
        finding::raise(
            &UNWANTED_EVENTS,
            "the driver cannot be told anything".into(),
        );
    };
    let mut all: Option<Vec<Kind>> = None;
    let mut now = None;
    for ask in ASKS {
        let (level, any_of, all_of) = (ask.level.into(), ask.any as usize, ask.all as usize);
        enter_driver(
            "enable callback",
            routine,
            [0, ask.code, level, any_of, all_of, 0, context],
        );
        match ask.code {
            DISABLE => now = None,
            ENABLE => now = Some(ask),
            _ => {}
        }
        let written = events_of(stage);
        // The first asks for everything.
        let all = all.get_or_insert_with(|| written.clone());
        let wanted = |kind: &&Kind| now.is_some_and(|ask: &Ask| ask.wants(**kind));
        let expected: Vec<Kind> = all.iter().filter(wanted).copied().collect();
        if all.is_empty() || written != expected {
            finding::raise(
                &UNWANTED_EVENTS,
                format!("after {ask:?} there were {written:?} and not {expected:?}"),
            );
        }
    }
    world::with(|world| world.providers.recorded = false);
}

/// A request that is canceled, and a device that is to stop and then is not.
fn events_of(stage: Stage) -> Vec<Kind> {
    let number = control::pend("recorded request", stage.witness, TAG, 0);
    request::send(number);
    request::cancel(number);
    let device = stage.device();
    device.request(pnp::QUERY_STOP_DEVICE);
    device.request(pnp::CANCEL_STOP_DEVICE);
    let written = world::with(|world| {
        let provider = world.providers.first_mut();
        provider.map(|it| std::mem::take(&mut it.events))
    });
    let kinds = |it: Vec<ntsim::world::tracing::Event>| {
        it.iter()
            .map(|event| (event.level, event.keyword))
            .collect()
    };
    written.map(kinds).unwrap_or_default()
}
