//! How long a soak still goes on, and the progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is printed where there is no terminal.
const LINE: Duration = Duration::from_mins(1);

/// The time of a soak.
pub struct Clock {
    start: Instant,
    length: Duration,
    interrupted: Arc<AtomicBool>,
    bar: ProgressBar,
    next_line: Duration,
}

impl Clock {
    /// A soak of `seconds`, or until Ctrl-C.
    ///
    /// # Errors
    /// Ctrl-C cannot be caught.
    pub fn start(seconds: u64) -> Result<Self> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&interrupted);
        ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))?;
        let bar = ProgressBar::new(seconds);
        bar.set_style(ProgressStyle::with_template(
            "{bar:30} {pos}/{len} s  {msg}",
        )?);
        Ok(Self {
            start: Instant::now(),
            length: Duration::from_secs(seconds),
            interrupted,
            bar,
            next_line: Duration::ZERO,
        })
    }

    /// Whether there is time for another life.
    pub fn goes_on(&self) -> bool {
        self.start.elapsed() < self.length && !self.interrupted.load(Ordering::Relaxed)
    }

    /// How much time is over.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Says how far it is.
    pub fn show(&mut self, message: impl FnOnce() -> String) {
        let elapsed = self.start.elapsed();
        if self.bar.is_hidden() {
            if elapsed >= self.next_line {
                self.next_line = elapsed + LINE;
                eprintln!("{:6} s: {}", elapsed.as_secs(), message());
            }
            return;
        }
        self.bar.set_position(elapsed.as_secs());
        self.bar.set_message(message());
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
