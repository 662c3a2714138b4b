//! How far one device's lock reaches, modelled: this machine has too few processors to measure it.
//!
//! Processors that send requests to one device wait for nothing but its lock. That is a closed queueing network with one
//! server, for which mean value analysis is exact (Reiser and Lavenberg, 1980): a processor spends some time outside of
//! the lock, then waits for those before it, then holds the lock.

use std::fmt;

use crate::exact::Row;
use crate::timing::Timing;

/// What the lock and what it guards cost, each time another processor has had them, in ns: a handful of cache lines
/// from another core of one socket. An assumption.
const TRANSFER: f64 = 100.0;
/// What a request costs outside of the driver, in ns, on Windows: two calls of `DeviceIoControl`, a completion, and what the
/// programs do. Assumptions, from a program that does nothing else to one that does something.
const OUTSIDE: [f64; 3] = [1000.0, 3000.0, 10_000.0];
const PROCESSORS: [u32; 6] = [1, 2, 4, 8, 16, 32];

/// One lock, and processors that take it again and again.
struct Lock {
    /// For how long a request has it, in all its holds.
    held: f64,
    /// What a request takes beside that.
    outside: f64,
}

impl Lock {
    /// How many requests in a second so many processors get done.
    fn throughput(&self, processors: u32) -> f64 {
        let (mut waiting, mut throughput) = (0.0, 0.0);
        for count in 1..=processors {
            let residence = self.held * (1.0 + waiting);
            throughput = f64::from(count) / (residence + self.outside);
            waiting = throughput * residence;
        }
        throughput * 1e9
    }

    /// From how many processors on the lock is always held.
    fn limit(&self) -> f64 {
        (self.held + self.outside) / self.held
    }
}

/// What is known of a request, from `PEND` to its answer by `COMPLETE_NEXT`.
struct Request {
    nanoseconds: f64,
    /// The part of its instructions that is under the lock.
    share: f64,
    holds: f64,
}

fn request(rows: &[Row], timings: &[Timing]) -> Option<Request> {
    let counts = |path| {
        rows.iter()
            .find(|row| row.path == path)
            .map(|row| row.counts)
    };
    let (pend, complete) = (counts("pend")?, counts("complete-next")?);
    let timing = timings
        .iter()
        .find(|it| it.name == "pend + complete-next" && it.threads == 1)?;
    let whole = |count: usize| u32::try_from(count).map_or(f64::MAX, f64::from);
    Some(Request {
        nanoseconds: timing.nanoseconds.first()?.as_ref()?.median,
        share: whole(pend.under_lock + complete.under_lock)
            / whole(pend.instructions + complete.instructions),
        holds: whole(pend.holds + complete.holds),
    })
}

/// Writes what the model says of the driver that is judged, as a Markdown table; nothing if it was not timed.
pub fn table(rows: &[Row], timings: &[Timing], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Some(request) = request(rows, timings) else {
        return Ok(());
    };
    write!(
        f,
        "\n| modelled: µs outside of the driver | processors at the limit |"
    )?;
    for processors in PROCESSORS {
        write!(f, " {processors} |")?;
    }
    writeln!(f, "\n|--:|--:|{}", "--:|".repeat(PROCESSORS.len()))?;
    for outside in OUTSIDE {
        let held = request.nanoseconds * request.share + request.holds * TRANSFER;
        let lock = Lock {
            held,
            outside: request.nanoseconds * (1.0 - request.share) + outside,
        };
        write!(f, "| {:.0} | {:.1} |", outside / 1e3, lock.limit())?;
        for processors in PROCESSORS {
            write!(f, " {:.1} |", lock.throughput(processors) / 1e6)?;
        }
        writeln!(f)?;
    }
    writeln!(
        f,
        "\nMillions of requests in a second on one device, with {TRANSFER} ns for each hold's transfer between processors."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_processor_waits_for_nobody_and_many_are_limited_by_the_lock() {
        let lock = Lock {
            held: 100.0,
            outside: 900.0,
        };
        assert!((lock.throughput(1) - 1e6).abs() < 1.0);
        assert!((lock.limit() - 10.0).abs() < 1e-9);
        let most = 1e9 / 100.0;
        assert!(lock.throughput(5) < 5e6 && lock.throughput(5) > 4e6);
        assert!(lock.throughput(100) <= most && lock.throughput(100) > 0.99 * most);
    }
}
