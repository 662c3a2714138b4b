//! Shows what is being done while it takes longer than a moment.

use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// What took less is not worth a line.
const WORTH_A_LINE: Duration = Duration::from_secs(1);

/// Does `work` with `what` and the elapsed time on the terminal, if there is one, and a line
/// afterwards.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let bar = ProgressBar::new_spinner()
        .with_style(ProgressStyle::with_template("{spinner} {msg} ({elapsed})")?)
        .with_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    let result = work();
    bar.finish_and_clear();
    if start.elapsed() >= WORTH_A_LINE {
        let outcome = if result.is_ok() { "done" } else { "failed" };
        eprintln!("{what}: {outcome}, {:.1} s", start.elapsed().as_secs_f64());
    }
    result
}
