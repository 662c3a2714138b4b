//! What the session's services have printed; drivers are among them.

use std::fs;
use std::io;

use anyhow::{Context, Result};

use crate::layout::Layout;

/// What the forwarding ntoskrnl.exe prints when it is loaded. Without this line a driver would run
/// on Wine's own kernel, and every check would be worthless.
pub use wine_supplied::LOADED;

/// The log's length in bytes, to look later at what came after it.
pub fn length(layout: &Layout) -> u64 {
    fs::metadata(layout.driver_log()).map_or(0, |log| log.len())
}

/// What was printed after the first `offset` bytes.
pub fn since(layout: &Layout, offset: u64) -> Result<String> {
    let log = match fs::read(layout.driver_log()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        log => log.context("cannot read the driver's log")?,
    };
    let start = usize::try_from(offset).unwrap_or(usize::MAX).min(log.len());
    Ok(String::from_utf8_lossy(log.split_at(start).1).into_owned())
}

/// The line that says that a process of the session died, if there is one in `log`.
pub fn crash(log: &str) -> Option<&str> {
    const SIGNS: [&str; 5] = [
        "wine: Unhandled ",
        "Unhandled exception code",
        "wine: Call from ",
        "KeBugCheck",
        "panicked at",
    ];
    log.lines()
        .find(|line| SIGNS.iter().any(|sign| line.contains(sign)))
}

/// The text a driver printed, if `line` is one of `DbgPrint`'s: Wine puts its own name of the
/// routine before it, and the two numbers that `DbgPrintEx` takes.
fn printed(line: &str) -> Option<&str> {
    let (_, message) = line.split_once(":debugstr:vDbgPrintExWithPrefix ")?;
    message.split_once(": ").map(|(_, text)| text)
}

/// Prints the log: the drivers' own words, or with `raw` every line.
pub fn print(layout: &Layout, raw: bool) -> Result<()> {
    let log = since(layout, 0)?;
    if raw {
        print!("{log}");
        return Ok(());
    }
    for text in log.lines().filter_map(printed) {
        println!("{text}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drivers_words_are_taken_out_of_wines_line() {
        let line = "0188:warn:debugstr:vDbgPrintExWithPrefix 00000000:00000001: csq: a: b";
        assert_eq!(printed(line), Some("csq: a: b"));
        assert_eq!(
            printed("0048:err:systray:initialize_systray: no: tray"),
            None
        );
    }

    #[test]
    fn a_dead_process_is_seen() {
        let log = "0034:warn:debugstr:x \"fine\"\nwine: Unhandled page fault on read access\n";
        assert_eq!(
            crash(log),
            Some("wine: Unhandled page fault on read access")
        );
        assert_eq!(crash("0034:warn:debugstr:x \"fine\"\n"), None);
    }
}
