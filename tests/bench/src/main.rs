//! What csq.sys costs, measured side by side with C drivers for the same protocol.
//!
//! Exit codes: 0; 1 when a budget is exceeded; 2 when the input cannot be used or a driver does not
//! do what it is asked.
//!
//! | module | what it is |
//! |---|---|
//! | `driver` | the drivers, and the requests they are sent |
//! | `exact` | what can be counted: instructions, stack, pool, code; and the budgets |
//! | `hostile` | the same, for a client beside one that has many handles and nearly all places |
//! | `bulk` | the same, for what deals with many requests in one call |
//! | `lines` | which cache lines a request touches |
//! | `profile` | where the instructions are |
//! | `workload` | what is timed |
//! | `timing` | how it is timed: A B C A B C |
//! | `cases` | at which depths and with how many threads |
//! | `scaling` | a model of many processors |
//! | `report`, `chart`, `page` | tables, JSON, SVG, and a page with them |

mod bulk;
mod cases;
mod chart;
mod driver;
mod exact;
mod hostile;
mod lines;
mod page;
mod profile;
mod report;
mod scaling;
mod timing;
mod workload;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use clap::error::ContextKind;
use indicatif::{ProgressBar, ProgressStyle};

use cases::Subjects;
use driver::{LIMIT, Subject};
use report::Report;

/// Measures csq.sys and, with --baseline, the C drivers beside it.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// The csq.sys to measure.
    driver: PathBuf,
    /// Only counts what can be counted exactly. Fails when a budget is exceeded; takes no times.
    #[arg(long)]
    quick: bool,
    /// The directory with plain.sys and tuned.sys, to be measured as well.
    #[arg(long, value_name = "DIRECTORY")]
    baseline: Option<PathBuf>,
    /// Only says how many instructions of which function each path takes. Needs csq.map beside csq.sys.
    #[arg(long)]
    profile: bool,
    /// Only times what has this in its name.
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["quick", "profile"])]
    only: Option<String>,
    /// Writes everything to a file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draws cost against depth.
    #[arg(long, value_name = "FILE.svg")]
    chart: Option<PathBuf>,
    /// Puts the tables into a page, at its marks; with --quick those without times.
    #[arg(long, value_name = "FILE.md", conflicts_with_all = ["profile", "only"])]
    page: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::try_parse().unwrap_or_else(|mut error| {
        // An option that does not exist is no file either: clap's advice to write `-- --option` helps nobody.
        error.remove(ContextKind::Suggested);
        error.exit()
    });
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let subjects = start(arguments, LIMIT)?;
    let mut report = Report::new(&subjects);
    for subject in &subjects {
        report.exact.extend(exact::measure(subject)?);
    }
    if arguments.profile {
        profile::print(&arguments.driver, report.exact_of_first())?;
        return Ok(ExitCode::SUCCESS);
    }
    for subject in &subjects {
        report.lines.extend(lines::measure(subject)?);
    }
    report.bulk = bulk::measure(&arguments.driver)?;
    report.over_budget = exact::over_budget(report.exact_of_first(), report.text_of_first());
    report.over_budget.extend(bulk::over_budget(&report.bulk));
    report
        .over_budget
        .extend(lines::over_budget(report.lines_of_first()));
    if !arguments.quick {
        time(arguments, &subjects, &mut report)?;
    }
    print!("{report}");
    if let Some(path) = &arguments.json {
        write(path, &serde_json::to_string_pretty(&report)?)?;
    }
    if let Some(path) = &arguments.chart {
        write(path, &chart::draw(&report)?)?;
    }
    if let Some(path) = &arguments.page {
        let page = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        write(path, &page::fill(&page, &report.sections())?)?;
    }
    Ok(if report.over_budget.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// Starts csq.sys, and the baseline if there is one.
fn start(arguments: &Arguments, handle_limit: u32) -> Result<Vec<Subject>> {
    let mut subjects = vec![Subject::start("csq.sys", &arguments.driver, handle_limit)?];
    if let Some(directory) = &arguments.baseline {
        for name in ["tuned.sys", "plain.sys"] {
            subjects.push(Subject::start(name, &directory.join(name), handle_limit)?);
        }
    }
    Ok(subjects)
}

fn time(arguments: &Arguments, subjects: &[Subject], report: &mut Report) -> Result<()> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if processors > 1 { &[1, 2][..] } else { &[1] };
    // The last one, which Linux uses least.
    let _ = ntsim::native::pin(processors - 1);
    let limited = start(arguments, cases::FEW.into())?;
    let mut cases = cases::all(threads);
    if let Some(text) = &arguments.only {
        cases.retain(|case| case.name().contains(text.as_str()));
        ensure!(
            !cases.is_empty(),
            "nothing that is timed has \"{text}\" in its name"
        );
    }
    let progress = ProgressBar::new(cases.len() as u64);
    progress.set_style(ProgressStyle::with_template(
        "{bar:30} {pos}/{len} {elapsed} {msg}",
    )?);
    let subjects = Subjects {
        all: subjects,
        limited: &limited,
    };
    for case in cases {
        let timing = case.measure(subjects)?;
        progress.inc(1);
        progress.set_message(timing.name.clone());
        if progress.is_hidden() {
            let (name, depth, threads) = (&timing.name, timing.depth, timing.threads);
            let elapsed = progress.elapsed().as_secs();
            eprintln!("{elapsed:4} s: {name}, {depth} requests, {threads} thread(s)");
        }
        report.timings.push(timing);
    }
    progress.finish_and_clear();
    report.note_load();
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| path.display().to_string())
}
