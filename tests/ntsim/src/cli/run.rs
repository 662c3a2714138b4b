//! `ntsim run`: any driver, from DriverEntry to unload.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::findings::Findings;
use super::{Driver, FAILED, Kernel, refuse};
use crate::explore::{self, Found};
use crate::machine;
use crate::manager::plug_and_play;
use crate::report::document::Record;
use crate::settings::Settings;
use crate::tour;

/// The arguments of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The driver.
    driver: PathBuf,
    #[command(flatten)]
    kernel: Kernel,
    #[command(flatten)]
    findings: Findings,
    /// Says nothing about the imports.
    #[arg(long)]
    first: bool,
}

impl Run {
    /// Runs it and returns the exit code.
    pub fn execute(&self) -> u8 {
        let settings = Settings {
            watched: true,
            ..self.kernel.settings()
        };
        let installed = Driver::read(&self.driver).and_then(|driver| driver.install(settings));
        if let Err(sentence) = installed {
            return refuse(&sentence);
        }
        let mut ledger = self.findings.ledger(&self.driver);
        if !self.first {
            ledger.say(&describe());
        }
        let outcome = explore::once(tour::play);
        if let Some(panic) = &outcome.broken {
            eprintln!("ntsim: {panic}");
            return FAILED;
        }
        if let Some(found) = &outcome.found {
            if self.findings.allows(found) {
                ledger.say("What comes after a finding that is allowed was not run.");
            }
        } else if plug_and_play::is_supported() {
            ledger.say(
                "DriverEntry, Plug and Play from start to removal, power, WMI, requests of each kind, and unload broke no rule.",
            );
        } else {
            ledger.say(
                "DriverEntry, requests of each kind and unload broke no rule. It is no driver for Plug and Play.",
            );
        }
        let again = |_: &Found| {
            format!(
                "ntsim run {}{}",
                self.driver.display(),
                self.kernel.arguments()
            )
        };
        let record = Record::new("run", "", "one schedule".to_owned(), &outcome);
        let code = ledger.add(record, &outcome.found, again);
        ledger.end(code)
    }
}

/// Says what the loader made of the file.
fn describe() -> String {
    machine::with(|machine| {
        let image = &machine.image;
        let missing: Vec<&str> = image
            .imports()
            .iter()
            .filter(|import| !import.resolved)
            .map(|import| import.name.as_str())
            .collect();
        let mut text = format!(
            "image: {} bytes in memory, {} addresses relocated, {} interlocked instructions, {} imports, {} of them missing",
            image.size(),
            image.relocations(),
            image.interlocked(),
            image.imports().len(),
            missing.len()
        );
        for import in image.imports() {
            let note = if import.resolved {
                ""
            } else {
                "  (missing: a call of it is a finding)"
            };
            let _ = write!(text, "\n  {}{note}", import.name);
        }
        text
    })
}
