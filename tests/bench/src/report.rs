//! What came of it, for people and for scripts.

use std::fmt;
use std::fs;

use serde::Serialize;

use crate::bulk::{self, Bulk};
use crate::driver::{PAYLOAD, Subject};
use crate::exact::{self, Row};
use crate::lines::{self, Lines};
use crate::scaling;
use crate::timing::{Spread, Timing};

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Where.
    pub machine: Machine,
    /// Bytes of payload with each request and each answer.
    pub payload: u32,
    /// The drivers; the first one is judged.
    pub drivers: Vec<DriverInfo>,
    /// What was counted.
    pub exact: Vec<Row>,
    /// Which cache lines are touched.
    pub lines: Vec<Lines>,
    /// What was counted of operations with many requests.
    pub bulk: Vec<Bulk>,
    /// What is over its budget.
    pub over_budget: Vec<String>,
    /// What was timed.
    pub timings: Vec<Timing>,
}

/// A driver.
#[derive(Debug, Serialize)]
pub struct DriverInfo {
    /// What tables call it.
    pub name: String,
    /// Bytes of code.
    pub text: usize,
}

/// The machine, as Linux describes it.
#[derive(Debug, Serialize)]
pub struct Machine {
    processor: String,
    processors: usize,
    kernel: String,
    load_before: String,
    load_after: Option<String>,
}

impl Machine {
    fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            processor: line_of("/proc/cpuinfo", "model name"),
            processors,
            kernel: read("/proc/sys/kernel/osrelease"),
            load_before: load(),
            load_after: None,
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// What is behind the colon in the line of a file that begins with `key`.
fn line_of(path: &str, key: &str) -> String {
    let text = read(path);
    let line = text.lines().find(|line| line.starts_with(key));
    let value = line.and_then(|line| line.split_once(':'));
    value.map_or_else(String::new, |(_, value)| value.trim().to_owned())
}

/// The load of the last minute.
fn load() -> String {
    let all = read("/proc/loadavg");
    all.split(' ').next().unwrap_or_default().to_owned()
}

impl Report {
    /// A report of nothing yet.
    pub fn new(subjects: &[Subject]) -> Self {
        let info = |subject: &Subject| DriverInfo {
            name: subject.name.clone(),
            text: subject.text,
        };
        Self {
            machine: Machine::new(),
            payload: PAYLOAD,
            drivers: subjects.iter().map(info).collect(),
            exact: Vec::new(),
            lines: Vec::new(),
            bulk: Vec::new(),
            over_budget: Vec::new(),
            timings: Vec::new(),
        }
    }

    /// The counts of the driver that is judged.
    pub fn exact_of_first(&self) -> &[Row] {
        self.of_first(&self.exact, |row| &row.driver)
    }

    /// Its cache lines.
    pub fn lines_of_first(&self) -> &[Lines] {
        self.of_first(&self.lines, |row| &row.driver)
    }

    /// Those rows at the beginning that are of the first driver.
    fn of_first<'row, T>(&self, rows: &'row [T], driver: impl Fn(&T) -> &String) -> &'row [T] {
        let first = self.drivers.first().map(|it| &it.name);
        let end = rows
            .iter()
            .take_while(|row| Some(driver(row)) == first)
            .count();
        rows.get(..end).unwrap_or_default()
    }

    /// Its bytes of code.
    pub fn text_of_first(&self) -> usize {
        self.drivers.first().map_or(0, |it| it.text)
    }

    /// Notes how busy the machine is at the end.
    pub fn note_load(&mut self) {
        self.machine.load_after = Some(load());
    }

    fn timings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n| ns per operation | requests | threads |")?;
        for driver in &self.drivers {
            write!(f, " {} |", driver.name)?;
        }
        for driver in self.drivers.iter().skip(1) {
            write!(f, " : {} |", driver.name)?;
        }
        write!(f, "\n|---|--:|--:|")?;
        let columns = 2 * self.drivers.len() - 1;
        writeln!(f, "{}", "--:|".repeat(columns))?;
        for timing in &self.timings {
            write!(
                f,
                "| {} | {} | {} |",
                timing.name, timing.depth, timing.threads
            )?;
            for time in &timing.nanoseconds {
                match time {
                    Some(time) => write!(f, " {:.0} |", time.median)?,
                    None => write!(f, " |")?,
                }
            }
            for ratio in &timing.ratios {
                match ratio {
                    Some(ratio) if ratio.median < 0.1 => {
                        write!(f, " 1 : {:.0} |", 1.0 / ratio.median)?;
                    }
                    Some(Spread { median, low, high }) => {
                        write!(f, " {median:.2} ({low:.2} to {high:.2}) |")?;
                    }
                    None => write!(f, " |")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Report {
    /// The tables, by the names that their marks in a page have.
    pub fn sections(&self) -> [(&'static str, String); 5] {
        let rows = self.exact_of_first();
        let counted = fmt::from_fn(|f| exact::table(&self.exact, f));
        let lines = fmt::from_fn(|f| lines::table(&self.lines, f));
        let many = fmt::from_fn(|f| bulk::table(&self.bulk, f));
        let timed = fmt::from_fn(|f| self.timed(f));
        let modelled = fmt::from_fn(|f| scaling::table(rows, &self.timings, f));
        [
            ("counted", counted.to_string()),
            ("lines", lines.to_string()),
            ("many", many.to_string()),
            ("timed", timed.to_string()),
            ("modelled", modelled.to_string()),
        ]
    }

    fn timed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.timings.is_empty() {
            return Ok(());
        }
        let Machine {
            processor,
            processors,
            kernel,
            load_before,
            load_after,
        } = &self.machine;
        self.timings(f)?;
        writeln!(
            f,
            "\nMedians, and of the ratios also the 10th and 90th percentile of the rounds. {processor}, \
             {processors} processors, Linux {kernel}; load {load_before} before, {} after.",
            load_after.as_deref().unwrap_or("?")
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (_, table) in self.sections() {
            if !table.is_empty() {
                writeln!(f, "{}\n", table.trim())?;
            }
        }
        for driver in &self.drivers {
            writeln!(f, "{}: {} bytes of code", driver.name, driver.text)?;
        }
        if self.over_budget.is_empty() {
            writeln!(f, "\nAll budgets are kept.")
        } else {
            writeln!(f, "\nOver budget:")?;
            self.over_budget
                .iter()
                .try_for_each(|it| writeln!(f, "  {it}"))
        }
    }
}
