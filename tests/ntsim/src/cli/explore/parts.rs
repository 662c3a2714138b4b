//! All scenarios, shared out among as many processes as there are processors: a process simulates one
//! kernel at a time.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};

use super::super::FAILED;
use super::{Ledger, Total};
use crate::report::document::Record;

/// What the line begins with by which a part reports its total.
const TOTAL: &str = "total of this part:";

/// Which scenarios a process explores: the n-th of every m.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    n: usize,
    m: usize,
}

impl Part {
    /// Whether the scenario with this number is one of them.
    pub const fn has(self, number: usize) -> bool {
        number % self.m == self.n % self.m
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
pub fn line(total: &Total, ledger: &Ledger<'_>) -> String {
    let Total {
        scenarios,
        exhausted,
        schedules,
        ..
    } = total;
    let found = serde_json::to_string(ledger.scenarios()).unwrap_or_default();
    format!("{TOTAL} {scenarios} {exhausted} {schedules} {found}")
}

/// Runs this program once for each part, with the same arguments.
pub fn explore_all(ledger: &mut Ledger<'_>) -> io::Result<Total> {
    let parts = thread::available_parallelism().map_or(1, usize::from);
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::default_spinner());
    let children = (1..=parts)
        .map(|part| start(part, parts))
        .collect::<io::Result<Vec<_>>>()?;
    thread::scope(|scope| {
        let listeners: Vec<_> = children
            .into_iter()
            .map(|child| {
                let (bar, ledger) = (&bar, &*ledger);
                scope.spawn(move || listen(child, bar, ledger))
            })
            .collect();
        let mut all = Total::default();
        let mut found = Vec::new();
        for listener in listeners {
            let (total, own) = listener
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a thread failed")))?;
            all.scenarios += total.scenarios;
            all.exhausted += total.exhausted;
            all.schedules += total.schedules;
            all.code = all.code.max(total.code);
            found.extend(own);
        }
        bar.finish_and_clear();
        Ok((all, found))
    })
    .map(|(all, found)| {
        ledger.extend(found);
        all
    })
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
    use clap::Parser as _;

    use super::*;
    use crate::cli::findings::Findings;

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
        #[derive(clap::Parser)]
        struct Options {
            #[command(flatten)]
            findings: Findings,
        }
        let options = Options::parse_from(["ntsim"]);
        let mut ledger = options.findings.ledger("x.sys".as_ref());
        ledger.extend(vec![Record {
            scenario: "send + cancel".to_owned(),
            ..Record::default()
        }]);
        let total = Total {
            scenarios: 3,
            exhausted: 2,
            schedules: 99,
            code: 0,
        };
        let line = line(&total, &ledger);
        let (read, found) = parse(line.strip_prefix(TOTAL).unwrap()).unwrap();
        assert_eq!((read.scenarios, read.exhausted, read.schedules), (3, 2, 99));
        assert_eq!(found[0].scenario, "send + cancel");
    }
}
