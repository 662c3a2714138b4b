//! All scenarios, shared out among as many processes as there are processors: a process simulates one
//! kernel at a time.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};

use ntsim::cli::FAILED;
use ntsim::cli::findings::Ledger;
use ntsim::cli::session::{Session, Total};
use ntsim::report::document::Record;

/// What the line begins with by which a part reports its total.
const TOTAL: &str = "total of this part:";

/// Which scenarios a process explores: the n-th of every m.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    n: u32,
    m: u32,
}

impl Part {
    /// How many parts there are.
    pub const fn of(self) -> u32 {
        self.m
    }

    /// Whether the scenario with this number is one of them.
    pub const fn has(self, number: usize) -> bool {
        number % self.m as usize == (self.n % self.m) as usize
    }
}

impl FromStr for Part {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "a part is given as 1/2";
        let (n, m) = text.split_once('/').ok_or(FORM)?;
        let (n, m) = (n.parse().map_err(|_| FORM)?, m.parse().map_err(|_| FORM)?);
        if 1 <= n && n <= m {
            Ok(Self { n, m })
        } else {
            Err(FORM)
        }
    }
}

/// How a part reports its total, and what it has found.
pub fn line(total: &Total, scenarios: &[Record]) -> String {
    let Total {
        scenarios: count,
        exhausted,
        schedules,
        ..
    } = total;
    let found = serde_json::to_string(scenarios).unwrap_or_default();
    format!("{TOTAL} {count} {exhausted} {schedules} {found}")
}

/// Runs this program once for each part, with the same arguments, as a part of the session.
pub fn explore_all(session: &mut Session<'_>) -> io::Result<()> {
    let parts = thread::available_parallelism().map_or(1, usize::from);
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::default_spinner());
    let children = (1..=parts)
        .map(|part| start(part, parts))
        .collect::<io::Result<Vec<_>>>()?;
    let (bar_of_all, ledger) = (&bar, session.ledger());
    let ended = thread::scope(|scope| {
        let listeners: Vec<_> = children
            .into_iter()
            .map(|child| scope.spawn(move || listen(child, bar_of_all, ledger)))
            .collect();
        listeners
            .into_iter()
            .map(|listener| {
                listener
                    .join()
                    .unwrap_or_else(|_| Err(io::Error::other("a thread failed")))
            })
            .collect::<io::Result<Vec<_>>>()
    });
    bar.finish_and_clear();
    for (total, found) in ended? {
        session.extend(&total, found);
    }
    Ok(())
}

fn start(part: usize, parts: usize) -> io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .arg(format!("--part={part}/{parts}"))
        .stdout(Stdio::piped())
        .spawn()
}

/// Passes on what a part prints. A part that ends without its total has failed.
fn listen(
    mut child: Child,
    bar: &ProgressBar,
    ledger: &Ledger<'_>,
) -> io::Result<(Total, Vec<Record>)> {
    let mut total = None;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line?;
            match line.strip_prefix(TOTAL) {
                Some(numbers) => total = parse(numbers),
                None => bar.suspend(|| ledger.say(&line)),
            }
            bar.tick();
        }
    }
    let code = child
        .wait()?
        .code()
        .and_then(|code| u8::try_from(code).ok());
    let failed = || {
        let total = Total {
            code: FAILED,
            ..Total::default()
        };
        (total, Vec::new())
    };
    let (mut total, found) = total.unwrap_or_else(failed);
    total.code = total.code.max(code.unwrap_or(FAILED));
    Ok((total, found))
}

fn parse(words: &str) -> Option<(Total, Vec<Record>)> {
    let mut words = words.trim_start().splitn(4, ' ');
    let mut number = || words.next()?.parse().ok();
    let total = Total {
        scenarios: number()?,
        exhausted: number()?,
        schedules: number()?,
        code: 0,
    };
    let found = serde_json::from_str(words.next()?).ok()?;
    Some((total, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_each_scenario_once() {
        let parts: Vec<Part> = ["1/3", "2/3", "3/3"]
            .iter()
            .map(|part| part.parse().unwrap())
            .collect();
        for number in 1..20 {
            assert_eq!(parts.iter().filter(|part| part.has(number)).count(), 1);
        }
        assert!("0/2".parse::<Part>().is_err() && "3/2".parse::<Part>().is_err());
    }

    #[test]
    fn a_total_is_read_as_it_is_written() {
        let found = [Record {
            scenario: "send + cancel".to_owned(),
            ..Record::default()
        }];
        let total = Total {
            scenarios: 3,
            exhausted: 2,
            schedules: 99,
            code: 0,
        };
        let line = line(&total, &found);
        let (read, found) = parse(line.strip_prefix(TOTAL).unwrap()).unwrap();
        assert_eq!((read.scenarios, read.exhausted, read.schedules), (3, 2, 99));
        assert_eq!(found[0].scenario, "send + cancel");
    }
}
