//! `ntsim faults`: what comes of every failure.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::trial::run;
use ntsim::cli::{CLEAN, Driver, FAILED, FOUND, Kernel, refuse};
use ntsim::explore::Found;
use ntsim::fault::routine::{Fallible, fallible};
use ntsim::fault::{Effect, Fault, Phase, Point};
use ntsim::machine;
use ntsim::report;

/// The arguments of `faults`.
#[derive(Debug, Args)]
pub struct Faults {
    /// The driver.
    driver: PathBuf,
    /// Lets also each two things fail in one run.
    #[arg(long)]
    pairs: bool,
    /// Lets just this fail, at its Nth use, such as pool:3; several times for several failures.
    #[arg(long = "fault", value_name = "POINT:N")]
    chosen: Vec<Fault>,
    #[command(flatten)]
    kernel: Kernel,
    /// Prints the table as JSON.
    #[arg(long)]
    json: bool,
    /// Prints only what is wrong.
    #[arg(long)]
    first: bool,
}

/// A row of the table: a point, in a phase.
#[derive(Default)]
struct Row {
    found: usize,
    alone: usize,
    in_pairs: usize,
}

/// What was tried.
#[derive(Default)]
struct Table {
    rows: BTreeMap<(Point, &'static str), (Row, Phase)>,
    runs: usize,
}

impl Faults {
    /// Runs it and returns the exit code.
    pub fn execute(&self) -> u8 {
        let installed =
            Driver::read(&self.driver).and_then(|driver| driver.install(self.kernel.settings()));
        if let Err(sentence) = installed {
            return refuse(&sentence);
        }
        note_what_never_fails();
        match self.all() {
            Ok(code) => code,
            Err(panic) => {
                eprintln!("ntsim: {panic}");
                FAILED
            }
        }
    }

    fn all(&self) -> Result<u8, String> {
        let start = Instant::now();
        let first = run(&self.chosen)?;
        if let Some(found) = &first.found {
            return Ok(self.wrong(&self.chosen, found));
        }
        if let Some(missed) = self
            .chosen
            .iter()
            .find(|fault| first.uses.iter().all(|(used, _)| used != *fault))
        {
            return Ok(refuse(&format!("{missed} does not occur")));
        }
        if !self.chosen.is_empty() {
            println!("the driver has done everything as it must, although this failed");
            return Ok(CLEAN);
        }
        let mut table = Table::default();
        table.found(&first.uses);
        let bar = ProgressBar::new(first.uses.len() as u64);
        bar.set_style(ProgressStyle::default_bar());
        for &(fault, phase) in &first.uses {
            bar.inc(1);
            let alone = run(&[fault])?;
            table.runs += 1;
            table.row(fault.point, phase).alone += 1;
            if let Some(found) = &alone.found {
                bar.finish_and_clear();
                return Ok(self.wrong(&[fault], found));
            }
            if !self.pairs {
                continue;
            }
            let after = alone
                .uses
                .iter()
                .skip_while(|(used, _)| *used != fault)
                .skip(1);
            for &(second, phase) in after {
                let both = run(&[fault, second])?;
                table.runs += 1;
                table.row(second.point, phase).in_pairs += 1;
                if let Some(found) = &both.found {
                    bar.finish_and_clear();
                    return Ok(self.wrong(&[fault, second], found));
                }
            }
        }
        bar.finish_and_clear();
        if !self.first {
            table.print(self.json, start.elapsed().as_secs_f64());
        }
        Ok(CLEAN)
    }

    /// Says what is wrong.
    fn wrong(&self, faults: &[Fault], found: &Found) -> u8 {
        let mut again = format!(
            "exploration faults {}{}",
            self.driver.display(),
            self.kernel.arguments()
        );
        for fault in faults {
            let _ = write!(again, " --fault {fault}");
        }
        print!("{}", report::found(found, &again));
        FOUND
    }
}

/// Says of which imports nothing is tried, although they may fail.
fn note_what_never_fails() {
    let imports: Vec<String> = machine::with(|machine| {
        let imports = machine.image.imports().iter();
        let names = imports.map(|import| {
            let name = import.name.as_str();
            name.split_once('!').map_or(name, |(_, name)| name)
        });
        let tried = |name: &str| matches!(fallible(name), Some(Fallible::As(_) | Fallible::Never));
        names
            .filter(|name| !tried(name))
            .map(str::to_owned)
            .collect()
    });
    if !imports.is_empty() {
        eprintln!(
            "ntsim: may fail in Windows, and never does here: {}",
            imports.join(", ")
        );
    }
}

const fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::None => "nothing",
        Phase::Load => "DriverEntry",
        Phase::Add => "AddDevice",
        Phase::Start => "start",
        Phase::Query => "query stop, query remove",
        Phase::Resume => "cancel stop, cancel remove",
        Phase::Pass => "power, WMI, unknown Plug and Play",
        Phase::Must => "other Plug and Play, unload",
        Phase::Open => "create",
        Phase::Control => "device control",
        Phase::Close => "cleanup, close",
        Phase::End => "CancelIoEx, timeout",
    }
}

impl Table {
    fn row(&mut self, point: Point, phase: Phase) -> &mut Row {
        let row = self.rows.entry((point, phase_name(phase)));
        &mut row.or_insert_with(|| (Row::default(), phase)).0
    }

    fn found(&mut self, uses: &[(Fault, Phase)]) {
        for &(fault, phase) in uses {
            self.row(fault.point, phase).found += 1;
        }
    }

    fn print(&self, json: bool, seconds: f64) {
        let effect = |point: Point, phase| match point.effect(phase) {
            Effect::Ends(status) => ntsim::nt::status::name(status).into_owned(),
            Effect::None | Effect::Unreal => "none".to_owned(),
        };
        if json {
            let rows: Vec<String> = self
                .rows
                .iter()
                .map(|((point, during), (row, phase))| {
                    format!(
                        r#"{{"point":"{}","during":"{during}","effect":"{}","found":{},"alone":{},"pairs":{}}}"#,
                        point.name(), effect(*point, *phase), row.found, row.alone, row.in_pairs
                    )
                })
                .collect();
            println!(
                r#"{{"runs":{},"seconds":{seconds:.3},"rows":[{}]}}"#,
                self.runs,
                rows.join(",")
            );
            return;
        }
        println!("| what fails | during | effect | found | tried alone | tried second |");
        println!("|---|---|---|--:|--:|--:|");
        for ((point, during), (row, phase)) in &self.rows {
            println!(
                "| {} | {during} | {} | {} | {} | {} |",
                point.name(),
                effect(*point, *phase),
                row.found,
                row.alone,
                row.in_pairs
            );
        }
        println!(
            "{} runs in {seconds:.1} s: no leak, no wrong status, and all that failed succeeded when tried again",
            self.runs
        );
    }
}
