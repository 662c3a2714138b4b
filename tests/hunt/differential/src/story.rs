//! Operations that belong together. What goes wrong only after several particular ones in a row, chance
//! alone would hardly find.

use std::ops::Range;

use model::Operation;
use model::operation::{Access, Payload, Scope, Status, Timeout};
use proptest::collection::vec;
use proptest::prelude::*;

/// Three open handles, and then operations, alone and in stories.
pub fn operations(length: Range<usize>) -> impl Strategy<Value = Vec<Operation>> {
    let alone = any::<Operation>().prop_map(|operation| vec![operation]);
    let part = prop_oneof![
        12 => alone,
        1 => server_dies(),
        1 => stranger_cancels(),
        1 => one_too_many(),
        1 => pause(),
    ];
    let open = Just(vec![
        Operation::Open(Access::All),
        Operation::Open(Access::All),
    ]);
    let third = any::<Access>().prop_map(|access| vec![Operation::Open(access)]);
    (open, third, vec(part, length))
        .prop_map(|(open, third, parts)| [vec![open, third], parts].concat().concat())
}

fn pend(handle: u8, tag: u8) -> Operation {
    Operation::Pend {
        handle,
        tag,
        timeout: Timeout::Never,
        payload: Payload::Short(tag, 2),
        room: 8,
    }
}

fn claim(handle: u8, wait: bool) -> Operation {
    Operation::Claim { handle, wait }
}

/// A server has claimed some of the requests when it dies. Another claims, and the order shows.
fn server_dies() -> impl Strategy<Value = Vec<Operation>> {
    let handles = (any::<u8>(), any::<u8>(), any::<u8>());
    (handles, 1..4u8, 0..3u8, 1..5u8).prop_map(|((client, server, other), claims, more, then)| {
        let pends = (0..claims + more).map(|tag| pend(client, tag % 4));
        let claims = (0..claims).map(|_| claim(server, false));
        let then = (0..then).map(|_| claim(other, false));
        let death = [Operation::Open(Access::All), Operation::Close(server)];
        pends.chain(claims).chain(death).chain(then).collect()
    })
}

/// A handle cancels, or answers, by an id that was told, mostly of another's request.
fn stranger_cancels() -> impl Strategy<Value = Vec<Operation>> {
    let handles = (any::<u8>(), any::<u8>(), any::<u8>());
    (handles, 0..3u8, any::<bool>()).prop_map(|((client, server, other), id, answers)| {
        let last = if answers {
            Operation::Complete {
                handle: other,
                id,
                status: Status::Success,
                payload: Payload::None,
            }
        } else {
            Operation::Cancel(other, Scope::Id(id))
        };
        vec![pend(client, 1), claim(server, false), last]
    })
}

/// A handle goes to its limit and beyond, with requests and with claims that wait.
fn one_too_many() -> impl Strategy<Value = Vec<Operation>> {
    (any::<u8>(), any::<bool>(), 1..14u8).prop_map(|(handle, claims, count)| {
        let next = |tag| {
            if claims {
                claim(handle, true)
            } else {
                pend(handle, tag % 4)
            }
        };
        (0..count).map(next).collect()
    })
}

/// The device is held for a while, or is another one.
fn pause() -> impl Strategy<Value = Vec<Operation>> {
    use Operation::{
        CancelRemove, CancelStop, Install, Open, QueryRemove, QueryStop, Remove, Start, Stop,
    };
    let holds = prop_oneof![
        Just((vec![QueryStop], vec![CancelStop])),
        Just((vec![QueryStop, Stop], vec![Start])),
        Just((vec![QueryRemove], vec![CancelRemove])),
        Just((
            vec![Remove],
            vec![Install, Open(Access::All), Open(Access::All)]
        )),
    ];
    (holds, vec(any::<Operation>(), 0..3))
        .prop_map(|((hold, go_on), during)| [hold, during, go_on].concat())
}
