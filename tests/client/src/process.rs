//! A second process with requests or claims of its own: this program, as `csqctl pend` or
//! `csqctl claim`.

use crate::Error;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// After how many seconds the process ends by itself if nobody kills it.
const LIFE: &str = "120";
/// How long the process may take until it is so far.
const LIMIT: Duration = Duration::from_secs(30);

/// A process with the device open. Dropping it kills it.
#[derive(Debug)]
pub struct SecondProcess {
    child: Child,
}

impl SecondProcess {
    /// Starts a process that opens the device and pends some requests. Returns when they pend.
    ///
    /// # Errors
    /// It does not start, or its requests do not pend in time.
    pub fn pend(count: usize) -> Result<Self, Error> {
        let count = count.to_string();
        Self::start(&["pend", "--count", &count, "--wait", LIFE], "pended")
    }

    /// Starts a process that opens the device and claims the oldest requests, waiting for them if
    /// need be. Returns when it has claimed them.
    ///
    /// # Errors
    /// It does not start, or does not get them in time.
    pub fn claim(count: usize) -> Result<Self, Error> {
        let count = count.to_string();
        Self::start(
            &["claim", "--wait", "--count", &count, "--hold", LIFE],
            "holding",
        )
    }

    /// Starts this program, and waits until it says that it is so far.
    fn start(arguments: &[&str], event: &str) -> Result<Self, Error> {
        let failed = |error| Error::system("starting a second process", error);
        let program = std::env::current_exe().map_err(failed)?;
        let mut child = Command::new(program)
            .arg("--json")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // How its requests end is this program's matter.
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let Some(stdout) = child.stdout.take() else {
            return Err(failed(io::Error::other("it has no standard output")));
        };
        let process = Self { child };
        if says(stdout, &format!("\"event\":\"{event}\"")) {
            Ok(process)
        } else {
            let what = format!("the second process to have {event}");
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

impl Drop for SecondProcess {
    fn drop(&mut self) {
        // It fails only if the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a process prints something in time.
fn says(stdout: ChildStdout, what: &str) -> bool {
    let (sender, receiver) = mpsc::channel();
    let what = what.to_owned();
    thread::spawn(move || {
        // The lines after it are read only so that the process does not wait for a reader.
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if line.contains(&what) {
                let _ = sender.send(());
            }
        }
    });
    receiver.recv_timeout(LIMIT).is_ok()
}
