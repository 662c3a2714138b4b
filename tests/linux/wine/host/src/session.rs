//! The Wine session: one wineserver, the services, and in one of them the driver.
//!
//! Without `wineserver -p` the session, and with it the loaded driver, would go away a few seconds
//! after the last program. The first process of a session gives its standard error to all services;
//! here that is the driver's log.

use std::fs::{self, File};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::driver_log;
use crate::layout::Layout;
use crate::wine::{self, Debug, Wine};

/// Starting takes 1 s on a quiet machine.
const START_LIMIT: Duration = Duration::from_secs(90);
/// wineserver itself gives its programs 10 s before it kills them.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Held while the prefix or the session is changed; other wine-hosts wait.
pub fn lock(layout: &Layout) -> Result<File> {
    let file = File::create(layout.lock())
        .with_context(|| format!("cannot write {}", layout.lock().display()))?;
    file.lock()?;
    Ok(file)
}

/// Whether there is a session.
pub fn is_running(wine: &Wine) -> Result<bool> {
    // Signal 0: only asks whether there is somebody to send it to.
    let status = wine
        .server()
        .arg("-k0")
        .status()
        .context("cannot start wineserver")?;
    Ok(status.success())
}

/// Starts the session unless there is one. The caller holds the lock.
pub fn ensure(layout: &Layout, wine: &Wine) -> Result<()> {
    if is_running(wine)? {
        return Ok(());
    }
    let log = layout.driver_log();
    File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let deadline = Instant::now() + START_LIMIT;
    for command in [
        wine.server().arg("-p"),
        wine.program(Debug::Drivers).arg("wineboot"),
    ] {
        match wine::run_logged(command, &log, START_LIMIT)? {
            Some(status) if status.success() => {}
            outcome => {
                // Nothing half started is left for the next one to trip over.
                let _ = end(wine);
                bail!(
                    "the Wine session did not start ({}); see {}",
                    outcome.map_or("time limit".to_owned(), |status| status.to_string()),
                    log.display()
                );
            }
        }
    }
    while !driver_log::since(layout, 0)?.contains(driver_log::LOADED) {
        if Instant::now() >= deadline {
            let _ = end(wine);
            bail!(
                "Wine did not load the forwarding ntoskrnl.exe; run `wine-host prepare --fresh`, \
                 and see {}",
                log.display()
            );
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Ends the session and says so.
pub fn stop(wine: &Wine) -> Result<()> {
    let was_running = is_running(wine)?;
    end(wine)?;
    println!(
        "{}",
        if was_running {
            "stopped"
        } else {
            "there was no session"
        }
    );
    Ok(())
}

/// Ends the session, whatever state it is in.
pub fn end(wine: &Wine) -> Result<()> {
    // -k0 and -k need the directory of a prefix that was once used; without one there is nothing
    // to end, and wineserver says so by its exit code, which is of no interest.
    for argument in ["-k", "-k9"] {
        let child = wine
            .server()
            .arg(argument)
            .spawn()
            .context("cannot start wineserver")?;
        wine::wait(child, Some(STOP_LIMIT))?;
        let deadline = Instant::now() + Duration::from_secs(2);
        while Instant::now() < deadline {
            if !is_running(wine)? {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    bail!("wineserver does not end; look for its process with `pgrep -a wineserver`")
}

/// Removes a report of an earlier process that had this process's number.
pub fn forget_report(layout: &Layout) {
    let _ = fs::remove_file(layout.report());
}
