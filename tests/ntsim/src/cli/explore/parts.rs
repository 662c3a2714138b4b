//! All scenarios, shared out among as many processes as there are processors: a process simulates one
//! kernel at a time.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};

use super::super::FAILED;
use super::Total;

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

/// How a part reports its total.
pub fn line(total: &Total) -> String {
    let Total {
        scenarios,
        exhausted,
        schedules,
        ..
    } = total;
    format!("{TOTAL} {scenarios} {exhausted} {schedules}")
}

/// Runs this program once for each part, with the same arguments.
pub fn explore_all() -> io::Result<Total> {
    let parts = thread::available_parallelism().map_or(1, usize::from);
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::default_spinner());
    let children = (1..=parts)
        .map(|part| start(part, parts))
        .collect::<io::Result<Vec<_>>>()?;
    thread::scope(|scope| {
        let listeners: Vec<_> = children
            .into_iter()
            .map(|child| scope.spawn(|| listen(child, &bar)))
            .collect();
        let mut all = Total::default();
        for listener in listeners {
            let total = listener
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a thread failed")))?;
            all.scenarios += total.scenarios;
            all.exhausted += total.exhausted;
            all.schedules += total.schedules;
            all.code = all.code.max(total.code);
        }
        bar.finish_and_clear();
        Ok(all)
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
fn listen(mut child: Child, bar: &ProgressBar) -> io::Result<Total> {
    let mut total = None;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line?;
            match line.strip_prefix(TOTAL) {
                Some(numbers) => total = parse(numbers),
                None => bar.suspend(|| println!("{line}")),
            }
            bar.tick();
        }
    }
    let code = child
        .wait()?
        .code()
        .and_then(|code| u8::try_from(code).ok());
    let mut total = total.unwrap_or(Total {
        code: FAILED,
        ..Total::default()
    });
    total.code = total.code.max(code.unwrap_or(FAILED));
    Ok(total)
}

fn parse(numbers: &str) -> Option<Total> {
    let mut numbers = numbers.split_whitespace().map(|number| number.parse().ok());
    Some(Total {
        scenarios: numbers.next()??,
        exhausted: numbers.next()??,
        schedules: numbers.next()??,
        code: 0,
    })
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
        let total = Total {
            scenarios: 3,
            exhausted: 2,
            schedules: 99,
            code: 0,
        };
        let read = parse(line(&total).strip_prefix(TOTAL).unwrap()).unwrap();
        assert_eq!((read.scenarios, read.exhausted, read.schedules), (3, 2, 99));
    }
}
