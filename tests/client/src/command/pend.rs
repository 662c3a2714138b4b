//! `csqctl pend`

use crate::arguments::Pend;
use crate::device::{self, Answer, Client, Event, Request, Waited, wait_any};
use crate::output::Output;
use crate::{Error, interrupt, ntstatus, text};
use csq_protocol::{MAX_PAYLOAD, status};
use serde_json::json;
use std::time::{Duration, Instant};

/// How long canceled requests may take to end.
const CANCEL_LIMIT: Duration = Duration::from_secs(20);

pub(super) fn run(arguments: &Pend, output: Output) -> Result<(), Error> {
    let interrupted = interrupt::on_ctrl_c()?;
    let client = Client::open()?;
    let payload = arguments.payload.as_bytes();
    let requests = (0..arguments.count)
        .map(|_| {
            client.pend(device::Pend {
                tag: arguments.tag,
                timeout: arguments.timeout,
                payload,
                room: MAX_PAYLOAD as usize,
            })
        })
        .collect::<Result<Vec<Request>, Error>>()?;
    announce(arguments, output);
    let until = arguments
        .wait
        .map(|seconds| Instant::now() + Duration::from_secs(seconds.into()));
    let mut refused = None;
    for (index, request) in requests.iter().enumerate() {
        match wait(request, &interrupted, until) {
            Wait::Ended(answer) => {
                report(index, &answer, output);
                // What a server answers need not be success; warnings and the like are answers.
                if status::is_error(answer.status) {
                    let what = format!("request {} of {}", index + 1, requests.len());
                    refused.get_or_insert(Error::Ended {
                        what,
                        status: answer.status,
                    });
                }
            }
            stopped => {
                cancel(&client, requests.get(index..).unwrap_or(&[]), index, output)?;
                return Err(match stopped {
                    Wait::Interrupted => Error::Interrupted,
                    _ => Error::TimedOut {
                        what: "the end of all requests".to_owned(),
                        seconds: arguments.wait.unwrap_or(0).into(),
                    },
                });
            }
        }
    }
    refused.map_or(Ok(()), Err)
}

/// What waiting for one request came to.
enum Wait {
    Ended(Answer),
    Interrupted,
    TimedOut,
}

fn wait(request: &Request, interrupted: &Event, until: Option<Instant>) -> Wait {
    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
    match wait_any(&[request.event(), interrupted], left) {
        Some(0) => match request.wait(CANCEL_LIMIT) {
            Waited::Ended(answer) => Wait::Ended(answer),
            Waited::Untold | Waited::TimedOut => Wait::TimedOut,
        },
        Some(_) => Wait::Interrupted,
        None => Wait::TimedOut,
    }
}

/// Cancels what is left and reports how it ended.
fn cancel(client: &Client, left: &[Request], first: usize, output: Output) -> Result<(), Error> {
    let failed = |error| Error::system("canceling requests", error);
    client.handle().cancel_all().map_err(failed)?;
    for (index, request) in (first..).zip(left) {
        match request.wait(CANCEL_LIMIT) {
            Waited::Ended(answer) => report(index, &answer, output),
            Waited::Untold | Waited::TimedOut => {
                let what = "the end of a canceled request".to_owned();
                return Err(Error::TimedOut {
                    what,
                    seconds: CANCEL_LIMIT.as_secs(),
                });
            }
        }
    }
    Ok(())
}

fn announce(arguments: &Pend, output: Output) {
    let count = text::counted(arguments.count as usize, "request");
    output.result(
        format_args!(
            "{count} pending with tag {}; `csqctl complete` ends the oldest, Ctrl-C cancels all",
            arguments.tag
        ),
        &json!({
            "event": "pended",
            "count": arguments.count,
            "tag": arguments.tag,
            "timeout_ms": arguments.timeout,
        }),
    );
}

fn report(index: usize, answer: &Answer, output: Output) {
    let status = ntstatus::name(answer.status);
    let payload = text::payload(answer.returned());
    output.result(
        format_args!("request {}: {status}, {payload}", index + 1),
        &json!({
            "event": "ended",
            "request": index + 1,
            "status": answer.status,
            "status_name": status,
            "payload": answer.returned(),
        }),
    );
}
