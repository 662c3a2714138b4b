//! Scenarios from files, and those for one control code.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Explore, Ledger, Total, explore_visibly};
use crate::cli::{Driver, FOUND};
use crate::script::{Code, Hex, Script};
use crate::settings::CsqOrder;

/// For a driver that does not speak the csq protocol.
#[derive(Debug, Args)]
pub struct Scripts {
    /// A scenario in a file: handles, requests and threads, see the README of ntsim. May be given more than once.
    #[arg(long = "scenario", value_name = "FILE", conflicts_with = "scenario")]
    files: Vec<PathBuf>,
    /// Explores all pairs and triples of sending, canceling, closing, the end of the thread, removal and sending again,
    /// for a request with this control code, such as 0x222004.
    #[arg(long, value_name = "CODE", value_parser = number, conflicts_with = "scenario")]
    ioctl: Option<u32>,
    /// What that request has as input, in hexadecimal digits.
    #[arg(long, value_name = "HEX", default_value = "", requires = "ioctl")]
    input: Hex,
    /// The length of its output buffer, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 0, requires = "ioctl")]
    output: usize,
    /// Of the scenarios for a control code, only those with this name.
    #[arg(long, value_name = "NAME", requires = "ioctl")]
    only: Option<String>,
}

/// The longest that one scenario takes, in seconds of a processor, if nobody says otherwise.
const EACH: f64 = 5.0;

fn number(text: &str) -> Result<u32, String> {
    let digits = text
        .strip_prefix("0x")
        .map(|digits| digits.replace('_', ""));
    digits
        .map_or_else(
            || text.parse().ok(),
            |digits| u32::from_str_radix(&digits, 16).ok(),
        )
        .ok_or_else(|| format!("{text:?} is no number: 0x222004, say, or 2236420"))
}

/// A scenario, and how to ask for it again.
struct Asked {
    script: Script,
    again: String,
}

impl Scripts {
    pub fn are_asked_for(&self) -> bool {
        !self.files.is_empty() || self.ioctl.is_some()
    }

    fn read(&self) -> Result<Vec<Asked>, String> {
        let mut asked = Vec::new();
        for file in &self.files {
            asked.push(Asked {
                script: read(file)?,
                again: format!("--scenario {}", file.display()),
            });
        }
        if let Some(code) = self.ioctl {
            let with = Code {
                code,
                input: self.input.clone(),
                output: self.output,
            };
            let before = asked.len();
            for script in Script::sets(&with) {
                if self.only.as_ref().is_none_or(|only| *only == script.name) {
                    let again = format!(
                        "--ioctl {code:#x} --input '{}' --output {} --only {script}",
                        self.input, self.output
                    );
                    asked.push(Asked { script, again });
                }
            }
            if asked.len() == before {
                let names: Vec<String> =
                    Script::sets(&with).into_iter().map(|it| it.name).collect();
                return Err(format!("--only takes one of {}", names.join(", ")));
            }
        }
        Ok(asked)
    }
}

fn read(file: &Path) -> Result<Script, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{}: cannot be read: {error}", file.display()))?;
    let mut script =
        Script::parse(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    if script.name.is_empty() {
        script.name = file
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    }
    Ok(script)
}

impl Explore {
    /// Runs the scripts.
    pub(super) fn explore_scripts(
        &self,
        driver: &Driver,
        ledger: &mut Ledger<'_>,
    ) -> Result<Total, String> {
        let asked = self.scripts.read()?;
        if self.search.is_replay() && asked.len() != 1 {
            return Err(
                "a schedule to replay is of one scenario: give one file, or --only NAME".to_owned(),
            );
        }
        let mut total = Total::default();
        for order in self.search.orders() {
            driver.install(self.settings(order))?;
            for asked in &asked {
                let code = self.explore_script(asked, order, &mut total, ledger)?;
                total.code = total.code.max(code);
                if total.code > FOUND || (self.first && total.code == FOUND) {
                    return Ok(total);
                }
            }
        }
        Ok(total)
    }

    fn explore_script(
        &self,
        asked: &Asked,
        order: CsqOrder,
        total: &mut Total,
        ledger: &mut Ledger<'_>,
    ) -> Result<u8, String> {
        let strategy = self.search.strategy()?;
        let Asked { script, again } = asked;
        let (name, played) = (script.to_string(), script.clone());
        let limits = self.search.limits(Some(EACH), self.findings.goes_on());
        let outcome = explore_visibly(&name, strategy, limits, move || played.play());
        self.keep(&outcome);
        total.scenarios += 1;
        total.exhausted += usize::from(outcome.exhausted);
        total.schedules += outcome.schedules;
        self.print(&name, again, order, &outcome, ledger)
    }
}
