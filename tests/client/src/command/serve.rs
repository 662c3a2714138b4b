//! `csqctl serve`: an inverted-call server, as short as one can be.

use super::claim::{report, report_answer};
use crate::arguments::Serve;
use crate::device::{Claimed, Client, Reply, Server};
use crate::output::Output;
use crate::{Error, interrupt, text};
use csq_protocol::{MAX_PAYLOAD, status};
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// How a request ends whose program failed: `STATUS_UNSUCCESSFUL`.
const PROGRAM_FAILED: u32 = 0xc000_0001;

pub(super) fn run(arguments: &Serve, output: Output) -> Result<(), Error> {
    arguments.reply.check()?;
    let interrupted = interrupt::on_ctrl_c()?;
    let mut server = Server::new(Client::open()?, arguments.depth as usize);
    output.say("serving; Ctrl-C ends it, and gives back what is not answered");
    let mut answered = 0_u64;
    let mut gone = 0_u64;
    while arguments.count != Some(answered + gone) {
        let Some(claimed) = server.next(&interrupted)? else {
            break;
        };
        report(&claimed, output);
        let delay = Duration::from_millis(arguments.delay);
        if !delay.is_zero() && interrupted.wait(Some(delay)) {
            break;
        }
        let (status, payload) = answer(arguments, &claimed)?;
        let reply = Reply {
            status,
            payload: &payload,
        };
        let delivered = server.client().complete(claimed.id, reply)?;
        report_answer(&claimed, status, delivered, output);
        *(if delivered.is_some() {
            &mut answered
        } else {
            &mut gone
        }) += 1;
    }
    output.result(
        format_args!(
            "{} answered, {gone} had ended before",
            text::counted(answered, "request")
        ),
        &json!({ "event": "served", "answered": answered, "gone": gone }),
    );
    Ok(())
}

/// The status and the payload a request ends with.
///
/// # Errors
/// The program does not start. It would not for any other request either, so the server ends.
fn answer(arguments: &Serve, claimed: &Claimed) -> Result<(u32, Vec<u8>), Error> {
    if let Some(program) = &arguments.exec {
        let child = start(program, claimed).map_err(|source| Error::NoProgram {
            program: program.clone(),
            source,
        })?;
        return Ok(match printed(child, claimed) {
            Ok(payload) => (status::SUCCESS, payload),
            Err(error) => {
                eprintln!("csqctl: {}: {error}", program.display());
                (PROGRAM_FAILED, Vec::new())
            }
        });
    }
    if arguments.reply.is_given() {
        return Ok((arguments.reply.status(), arguments.reply.payload().to_vec()));
    }
    Ok((status::SUCCESS, claimed.payload.clone()))
}

/// Starts a program that is to read the request's payload and print the answer.
fn start(program: &Path, claimed: &Claimed) -> io::Result<Child> {
    Command::new(program)
        .env("CSQ_ID", claimed.id.to_string())
        .env("CSQ_TAG", claimed.tag.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
}

/// What a program prints that reads the request's payload.
fn printed(mut child: Child, claimed: &Claimed) -> io::Result<Vec<u8>> {
    let input = child.stdin.take();
    let printed = thread::scope(|scope| {
        // Beside the reading, since either pipe can be full.
        scope.spawn(|| {
            // A program need not read what it does not want to know.
            let _ = input.map(|mut input| input.write_all(&claimed.payload));
        });
        child.wait_with_output()
    })?;
    if !printed.status.success() {
        return Err(io::Error::other(printed.status.to_string()));
    }
    let mut payload = printed.stdout;
    payload.truncate(MAX_PAYLOAD as usize);
    Ok(payload)
}
