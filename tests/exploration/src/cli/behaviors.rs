//! `exploration behaviors`: the required behaviors, in every order of their threads.

use std::path::PathBuf;
use std::time::Instant;

use behaviors::behavior::Behavior;
use behaviors::runner;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::program::{self, Judged, Simulated};
use ntsim::cli::search::{self, Search};
use ntsim::cli::{BAD_INPUT, CLEAN, Driver, FAILED, FOUND, Kernel, refuse};
use ntsim::explore::GoesOn;
use ntsim::report;
use ntsim::{Clock, CsqOrder, Settings};

/// The arguments of `behaviors`.
#[derive(Debug, Args)]
pub struct Behaviors {
    /// The driver.
    driver: PathBuf,
    /// Only behaviors with this in their name.
    #[arg(default_value = "")]
    filter: String,
    #[command(flatten)]
    search: Search,
    #[command(flatten)]
    kernel: Kernel,
}

/// What came of all behaviors.
#[derive(Default)]
struct Total {
    shown: usize,
    exhausted: usize,
    failed: usize,
    lacking: usize,
    schedules: usize,
}

impl Behaviors {
    /// Runs it and returns the exit code.
    pub fn execute(&self) -> u8 {
        let driver = match Driver::read(&self.driver) {
            Ok(driver) => driver,
            Err(sentence) => return refuse(&sentence),
        };
        let behaviors = match runner::choose(&self.filter) {
            Ok(behaviors) => behaviors,
            Err(error) => return refuse(&error.to_string()),
        };
        if self.search.is_replay() && behaviors.len() != 1 {
            return refuse("a schedule to replay is of one behavior: give its whole name");
        }
        let start = Instant::now();
        let mut total = Total::default();
        for order in self.search.orders() {
            let settings = Settings {
                csq_order: order,
                clock: Clock::Idle,
                ..self.kernel.settings()
            };
            if let Err(sentence) = driver.install(settings) {
                return refuse(&sentence);
            }
            for behavior in &behaviors {
                let code = self.run(behavior, order, &mut total);
                if code >= BAD_INPUT {
                    return code;
                }
            }
        }
        println!(
            "{} passed ({} exhausted), {} failed, {} not shown here; {} schedules in {:.1} s",
            total.shown,
            total.exhausted,
            total.failed,
            total.lacking,
            total.schedules,
            start.elapsed().as_secs_f64()
        );
        if total.failed != 0 { FOUND } else { CLEAN }
    }

    fn run(&self, behavior: &Behavior<Simulated>, order: CsqOrder, total: &mut Total) -> u8 {
        /// Enough to exhaust most.
        const SECONDS: f64 = 1.0;
        let strategy = match self.search.strategy() {
            Ok(strategy) => strategy,
            Err(sentence) => return refuse(&sentence),
        };
        let bar = ProgressBar::new_spinner().with_message(behavior.name);
        bar.set_style(ProgressStyle::default_spinner());
        let progress = bar.clone();
        let limits = self.search.limits(Some(SECONDS), GoesOn::default());
        let Judged { outcome, lacks } = program::judge(behavior, strategy, limits, move |number| {
            progress.set_position(number as u64);
        });
        bar.finish_and_clear();
        if let Some(panic) = &outcome.broken {
            eprintln!("ntsim: {}: {panic}", behavior.name);
            return FAILED;
        }
        if let Some(sentence) = search::misfit(&outcome) {
            return refuse(&sentence);
        }
        total.schedules += outcome.schedules;
        if let Some(found) = &outcome.found {
            total.failed += 1;
            println!("FAILED {}", search::summary(behavior.name, order, &outcome));
            let again = format!(
                "exploration behaviors {} {} --csq-order {}{} --replay {}",
                self.driver.display(),
                behavior.name,
                search::order_name(order),
                self.kernel.arguments(),
                found.schedule
            );
            print!("{}", report::found(found, &again));
            return FOUND;
        }
        if let Some(reason) = lacks {
            total.lacking += 1;
            println!("not shown here: {}: {reason}", behavior.name);
            return CLEAN;
        }
        total.shown += 1;
        total.exhausted += usize::from(outcome.exhausted);
        println!("passed {}", search::summary(behavior.name, order, &outcome));
        CLEAN
    }
}
