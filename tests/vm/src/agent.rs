//! Starts the bundle through the [QEMU guest agent][qga], if the guest has it.
//!
//! [qga]: https://www.qemu.org/docs/master/interop/qemu-ga-ref.html

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// How long to wait for an answer, and between two questions.
const PAUSE: Duration = Duration::from_secs(2);

/// The number by which the agent's answer is known.
const SYNC: u64 = 0x0063_7371;

/// Runs `run.cmd` of the disk that has it, whatever letter that got.
const START: &str = "for %d in (D E F G H I J K) do if exist %d:\\csq.cer (if exist %d:\\run.cmd (call %d:\\run.cmd & exit))";

/// Waits until the agent at `socket` answers, however long that takes, and has it start the bundle.
///
/// # Errors
///
/// The machine is gone, or the agent refuses.
pub fn start(socket: &Path) -> Result<()> {
    loop {
        // QEMU makes the socket when it starts.
        if let Ok(stream) = UnixStream::connect(socket) {
            stream.set_read_timeout(Some(PAUSE))?;
            return wait_and_start(&stream);
        }
        thread::sleep(PAUSE / 10);
    }
}

fn wait_and_start(stream: &UnixStream) -> Result<()> {
    let mut answers = BufReader::new(stream);
    let sync = json!({"execute": "guest-sync", "arguments": {"id": SYNC}});
    loop {
        ask(stream, &sync)?;
        match answer(&mut answers)? {
            Some(answer) if answer.get("return") == Some(&json!(SYNC)) => break,
            // To an older question, or to what came before.
            Some(_) => {}
            None => thread::sleep(PAUSE / 10),
        }
    }
    ask(
        stream,
        &json!({
            "execute": "guest-exec",
            "arguments": {"path": "cmd.exe", "arg": ["/d", "/c", START]},
        }),
    )?;
    loop {
        let Some(answer) = answer(&mut answers)? else {
            continue;
        };
        if let Some(error) = answer.get("error") {
            bail!("the guest agent does not start run.cmd: {error}");
        }
        if answer.pointer("/return/pid").is_some() {
            return Ok(());
        }
    }
}

fn ask(mut stream: &UnixStream, question: &Value) -> Result<()> {
    writeln!(stream, "{question}").context("the connection to the guest agent has ended")
}

/// The next answer; nothing if there is none yet.
fn answer(answers: &mut BufReader<&UnixStream>) -> Result<Option<Value>> {
    let mut line = String::new();
    match answers.read_line(&mut line) {
        Ok(0) => bail!("the connection to the guest agent has ended"),
        Ok(_) => Ok(serde_json::from_str(&line).ok()),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Ok(None)
        }
        Err(error) => Err(error).context("the connection to the guest agent has ended"),
    }
}
