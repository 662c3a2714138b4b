//! The installed Wine: where it is, how its programs are started, how long they may take.

use std::env;
use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::layout::Layout;

/// How much Wine says, as the variable `WINEDEBUG`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Debug {
    /// Nothing: what is seen is what the program says.
    Nothing,
    /// Errors, and what drivers print with `DbgPrint`.
    Drivers,
}

/// The installed Wine, with the prefix it works on.
#[derive(Debug)]
pub struct Wine {
    loader: PathBuf,
    server: PathBuf,
    prefix: PathBuf,
    version: String,
}

/// Wine's own debugger, and Mono and Gecko, which would ask to be downloaded. With winedbg a
/// crashed program sometimes looks like one that succeeded.
const DISABLED: &str = "mscoree=d;mshtml=d;winedbg.exe=d";

impl Wine {
    /// Finds Wine on `PATH` and asks for its version.
    pub fn find(layout: &Layout) -> Result<Self> {
        let (Some(loader), Some(server)) = (on_path("wine"), on_path("wineserver")) else {
            bail!(
                "Wine is not installed: `wine` and `wineserver` must be on PATH. On Debian: \
                 apt-get install --no-install-recommends wine wine64"
            );
        };
        let output = Command::new(&loader)
            .arg("--version")
            .output()
            .with_context(|| format!("cannot start {}", loader.display()))?;
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() || !version.starts_with("wine-") {
            bail!(
                "`{} --version` does not work: {}",
                loader.display(),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(Self {
            loader,
            server,
            prefix: layout.prefix(),
            version,
        })
    }

    /// As `wine --version` prints it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// `wine PROGRAM`, with the environment it needs.
    pub fn program(&self, debug: Debug) -> Command {
        self.command(&self.loader, debug)
    }

    /// `wineserver`, with the environment it needs.
    pub fn server(&self) -> Command {
        self.command(&self.server, Debug::Nothing)
    }

    fn command(&self, program: &Path, debug: Debug) -> Command {
        let mut command = Command::new(program);
        command
            .env("WINEPREFIX", &self.prefix)
            .env("WINEARCH", "win64")
            .env("WINEDLLOVERRIDES", DISABLED)
            .env(
                "WINEDEBUG",
                match debug {
                    Debug::Nothing => "-all",
                    Debug::Drivers => "-all,err+all,warn+debugstr",
                },
            )
            // No windows: without a display Wine does not look for one.
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WINEDLLPATH");
        command
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_file())
}

/// Opens a log for a program's output, at its end.
pub fn append(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Runs `command` to its end with its output going to `log`; `None` when it took longer than
/// `limit` and was killed.
pub fn run_logged(
    command: &mut Command,
    log: &Path,
    limit: Duration,
) -> Result<Option<ExitStatus>> {
    let output = append(log)?;
    let child = command
        // What a session consists of outlives this process, and Ctrl-C is not for it.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    wait(child, Some(limit))
}

/// Waits for `child`; `None` when it took longer than `limit` and was killed.
pub fn wait(mut child: Child, limit: Option<Duration>) -> Result<Option<ExitStatus>> {
    let Some(limit) = limit else {
        return Ok(Some(child.wait()?));
    };
    let deadline = Instant::now() + limit;
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let now = Instant::now();
        if now >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(pause.min(deadline - now));
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hung_program_is_killed_when_its_time_is_over() {
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        let start = Instant::now();
        assert_eq!(wait(child, Some(Duration::from_millis(30))).unwrap(), None);
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn the_status_of_a_program_that_ends_is_returned() {
        let child = Command::new("sh").args(["-c", "exit 3"]).spawn().unwrap();
        let status = wait(child, Some(Duration::from_mins(1))).unwrap().unwrap();
        assert_eq!(status.code(), Some(3));
    }
}
