//! A second process with requests of its own: this program, as `csqctl pend`.

use crate::Error;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// After how many seconds the process cancels its requests if nobody kills it.
const LIFE: &str = "120";
/// How long the process may take to pend its requests.
const LIMIT: Duration = Duration::from_secs(30);

/// A process whose requests are pending. Dropping it kills it.
#[derive(Debug)]
pub struct Pending {
    child: Child,
}

impl Pending {
    /// Starts a process that opens the device and pends some requests. Returns when they pend.
    ///
    /// # Errors
    /// It does not start, or its requests do not pend in time.
    pub fn start(count: usize) -> Result<Self, Error> {
        let failed = |error| Error::system("starting a second process", error);
        let program = std::env::current_exe().map_err(failed)?;
        let mut child = Command::new(program)
            .args([
                "--json",
                "pend",
                "--count",
                &count.to_string(),
                "--wait",
                LIFE,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let Some(stdout) = child.stdout.take() else {
            return Err(failed(io::Error::other("it has no standard output")));
        };
        let pending = Self { child };
        if first_line(stdout).contains("\"pended\"") {
            Ok(pending)
        } else {
            let what = "the second process's requests to pend".to_owned();
            Err(Error::TimedOut {
                what,
                seconds: LIMIT.as_secs(),
            })
        }
    }

    /// Kills the process. It is gone when this returns; its requests may end a little later.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // It fails only if the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first line a process prints; empty if there is none in time.
fn first_line(stdout: ChildStdout) -> String {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // The others are read only so that the process does not wait for a reader.
            let _ = sender.send(line);
        }
    });
    receiver.recv_timeout(LIMIT).unwrap_or_default()
}
