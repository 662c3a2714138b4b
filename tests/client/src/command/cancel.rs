//! `csqctl cancel`

use crate::arguments::{Cancel, Way};
use crate::device::{Client, Pend, Request, Scope, Waited};
use crate::output::Output;
use crate::{Error, ntstatus, text};
use csq_protocol::status;
use serde_json::json;
use std::io;
use std::thread;
use std::time::Duration;

/// How long canceled requests may take to end.
const LIMIT: Duration = Duration::from_secs(20);

pub(super) fn run(arguments: &Cancel, output: Output) -> Result<(), Error> {
    let client = Client::open()?;
    let requests = if arguments.by == Way::ThreadExit {
        // The thread that pends them has exited when it has been joined.
        thread::scope(
            |scope| match scope.spawn(|| pend(&client, arguments)).join() {
                Ok(requests) => requests,
                Err(panic) => std::panic::resume_unwind(panic),
            },
        )?
    } else {
        pend(&client, arguments)?
    };
    let count = text::counted(requests.len(), "request");
    output.say(format_args!("{count} pended with tag {}", arguments.tag));
    cancel(client, arguments, &requests)?;
    let mut wrong = 0;
    for (index, request) in requests.iter().enumerate() {
        wrong += usize::from(!ended(index, request, output)?);
    }
    if wrong == 0 {
        Ok(())
    } else {
        Err(Error::ChecksFailed {
            failed: wrong,
            all: requests.len(),
        })
    }
}

fn pend(client: &Client, arguments: &Cancel) -> Result<Vec<Request>, Error> {
    (0..arguments.count)
        .map(|_| {
            client.pend(Pend {
                tag: arguments.tag,
                ..Pend::default()
            })
        })
        .collect()
}

fn cancel(client: Client, arguments: &Cancel, requests: &[Request]) -> Result<(), Error> {
    let failed = |error: io::Error| Error::system("canceling requests", error);
    match arguments.by {
        Way::CancelIoEx => {
            for request in requests {
                request.cancel().map_err(failed)?;
            }
        }
        Way::CancelIo => client.handle().cancel_thread().map_err(failed)?,
        Way::Tag => {
            client.cancel(Scope::Tag(arguments.tag))?;
        }
        Way::All => {
            client.cancel(Scope::All)?;
        }
        Way::Id => {
            for _ in requests {
                // Others may be claiming too.
                let Some(claimed) = client.claim()? else {
                    break;
                };
                client.cancel(Scope::Id(claimed.id))?;
            }
        }
        Way::Close => drop(client),
        Way::ThreadExit => {}
    }
    Ok(())
}

/// Reports how a request ended; whether it was canceled.
fn ended(index: usize, request: &Request, output: Output) -> Result<bool, Error> {
    let (name, canceled) = match request.wait(LIMIT) {
        Waited::Ended(answer) => (
            ntstatus::name(answer.status),
            answer.status == status::CANCELLED,
        ),
        Waited::Untold => ("ended; this host does not tell how".to_owned(), true),
        Waited::TimedOut => {
            let what = "the end of a canceled request".to_owned();
            return Err(Error::TimedOut {
                what,
                seconds: LIMIT.as_secs(),
            });
        }
    };
    output.result(
        format_args!("request {}: {name}", index + 1),
        &json!({ "request": index + 1, "status_name": name }),
    );
    Ok(canceled)
}
