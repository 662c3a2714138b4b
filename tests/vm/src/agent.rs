//! Starts the bundle through the [QEMU guest agent][qga], if the guest has it.
//!
//! [qga]: https://www.qemu.org/docs/master/interop/qemu-ga-ref.html

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// How long to wait for an answer, and between two questions.
const PAUSE: Duration = Duration::from_secs(2);

/// How long QEMU may take to make the socket.
const SOCKET: Duration = Duration::from_secs(30);

/// What is said when nobody is at the other end any more.
const ENDED: &str = "the connection to the guest agent has ended";

/// The number by which the agent's answer is known.
const SYNC: u64 = 0x0063_7371;

/// Runs `run.cmd` of the disk that has it, whatever letter that got.
const START: &str = "for %d in (D E F G H I J K) do if exist %d:\\csq.cer (if exist %d:\\run.cmd (call %d:\\run.cmd & exit))";

/// Waits until the agent at `socket` answers, and has it start the bundle.
///
/// QEMU makes the socket when it starts, but the agent answers when Windows is up.
///
/// # Errors
///
/// QEMU makes no socket, or is gone; the agent says nothing within the limit, or refuses.
pub fn start(socket: &Path, limit: Duration) -> Result<()> {
    let end = Instant::now() + limit;
    let stream = connect(socket, end.min(Instant::now() + SOCKET))?;
    stream.set_read_timeout(Some(PAUSE))?;
    stream.set_write_timeout(Some(PAUSE))?;
    Agent {
        answers: BufReader::new(&stream),
        line: Vec::new(),
        end,
    }
    .wait_and_start()
}

fn connect(socket: &Path, end: Instant) -> Result<UnixStream> {
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => return Ok(stream),
            Err(error) if Instant::now() > end => {
                return Err(error).context("QEMU has made no socket for the guest agent");
            }
            Err(_) => thread::sleep(PAUSE / 10),
        }
    }
}

/// The agent at the other end.
struct Agent<'a> {
    answers: BufReader<&'a UnixStream>,
    /// What has come of the next line.
    line: Vec<u8>,
    /// When to give up.
    end: Instant,
}

impl Agent<'_> {
    fn wait_and_start(&mut self) -> Result<()> {
        let sync = json!({"execute": "guest-sync", "arguments": {"id": SYNC}});
        loop {
            self.ask(&sync)?;
            match self.answer()? {
                Some(answer) if answer.get("return") == Some(&json!(SYNC)) => break,
                // To an older question, or to what came before.
                Some(_) => {}
                None => thread::sleep(PAUSE / 10),
            }
        }
        self.ask(&json!({
            "execute": "guest-exec",
            "arguments": {"path": "cmd.exe", "arg": ["/d", "/c", START]},
        }))?;
        loop {
            let Some(answer) = self.answer()? else {
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

    fn ask(&self, question: &Value) -> Result<()> {
        let mut stream: &UnixStream = self.answers.get_ref();
        match stream.write_all(format!("{question}\n").as_bytes()) {
            // Nobody reads: the next question ends what has come of this one.
            Err(error) if is_pause(&error) => Ok(()),
            asked => asked.context(ENDED),
        }
    }

    /// The next answer; nothing if there is none yet.
    fn answer(&mut self) -> Result<Option<Value>> {
        if Instant::now() > self.end {
            bail!("the guest agent has not answered");
        }
        match self.answers.read_until(b'\n', &mut self.line) {
            Ok(0) => bail!(ENDED),
            Ok(_) => {
                let answer = serde_json::from_slice(&self.line).ok();
                self.line.clear();
                Ok(answer)
            }
            // What has come of the line is kept.
            Err(error) if is_pause(&error) => Ok(None),
            Err(error) => Err(error).context(ENDED),
        }
    }
}

/// Whether the other end has only not answered in time.
fn is_pause(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_socket_that_never_comes_ends_the_wait() {
        let directory = tempfile::tempdir().unwrap();
        let error = start(&directory.path().join("agent"), PAUSE / 10).unwrap_err();
        assert!(error.to_string().contains("no socket"), "{error}");
    }

    /// Runs `start` against an agent that is `guest`.
    fn with(limit: Duration, guest: impl FnOnce(UnixStream) + Send + 'static) -> Result<()> {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("agent");
        let listener = UnixListener::bind(&socket).unwrap();
        let guest = thread::spawn(move || guest(listener.accept().unwrap().0));
        let outcome = start(&socket, limit);
        guest.join().unwrap();
        outcome
    }

    #[test]
    fn an_agent_that_never_answers_ends_the_wait() {
        let error = with(PAUSE / 10, |stream| {
            thread::sleep(PAUSE * 2);
            drop(stream);
        })
        .unwrap_err();
        assert!(error.to_string().contains("has not answered"), "{error}");
    }

    #[test]
    fn a_machine_that_ends_ends_the_wait() {
        let error = with(PAUSE * 100, drop).unwrap_err();
        assert!(error.to_string().contains("has ended"), "{error}");
    }

    #[test]
    fn an_answer_in_two_pieces_is_one() {
        let outcome = with(PAUSE * 100, |stream| {
            let mut questions = BufReader::new(&stream).lines();
            questions.next().unwrap().unwrap();
            writeln!(&stream, "{}", json!({"return": SYNC})).unwrap();
            let asked = questions.next().unwrap().unwrap();
            assert!(asked.contains("guest-exec"), "{asked}");
            write!(&stream, "{{\"return\": {{\"pi").unwrap();
            thread::sleep(PAUSE + PAUSE / 2);
            writeln!(&stream, "d\": 4}}}}").unwrap();
        });
        outcome.unwrap();
    }
}
