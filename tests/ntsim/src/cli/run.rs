//! `ntsim run`: any driver, from DriverEntry to unload.

use std::path::PathBuf;

use clap::Args;

use super::{CLEAN, Driver, FAILED, FOUND, Kernel, refuse};
use crate::explore;
use crate::machine;
use crate::manager::plug_and_play;
use crate::report;
use crate::scenario::tour;

/// The arguments of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The driver.
    driver: PathBuf,
    #[command(flatten)]
    kernel: Kernel,
    /// Says nothing about the imports.
    #[arg(long)]
    first: bool,
}

impl Run {
    /// Runs it and returns the exit code.
    pub fn execute(&self) -> u8 {
        let settings = self.kernel.settings();
        let installed = Driver::read(&self.driver).and_then(|driver| driver.install(settings));
        if let Err(sentence) = installed {
            return refuse(&sentence);
        }
        if !self.first {
            describe();
        }
        let outcome = explore::once(tour::play);
        if let Some(panic) = outcome.broken {
            eprintln!("ntsim: {panic}");
            return FAILED;
        }
        if let Some(found) = outcome.found {
            let again = format!(
                "ntsim run {}{}",
                self.driver.display(),
                self.kernel.arguments()
            );
            print!("{}", report::found(&found, &again));
            FOUND
        } else {
            if plug_and_play::is_supported() {
                println!(
                    "DriverEntry, Plug and Play from start to removal, power, WMI, requests of each kind, and unload broke no rule."
                );
            } else {
                println!(
                    "DriverEntry, requests of each kind and unload broke no rule. It is no driver for Plug and Play."
                );
            }
            CLEAN
        }
    }
}

/// Says what the loader made of the file.
fn describe() {
    machine::with(|machine| {
        let image = &machine.image;
        let missing: Vec<&str> = image
            .imports()
            .iter()
            .filter(|import| !import.resolved)
            .map(|import| import.name.as_str())
            .collect();
        println!(
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
            println!("  {}{note}", import.name);
        }
    });
}
