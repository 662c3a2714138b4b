//! Scenarios from files, and those for one control code.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::explore::Body;
use crate::repeated::{Repeated, Scenario as _};
use crate::script::{Code, Hex, Script};

/// What to explore.
#[derive(Debug, Args)]
pub struct Scripts {
    /// A scenario in a file: handles, requests and threads, see the README of ntsim. May be given more than once.
    #[arg(long = "scenario", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Explores all pairs and triples of sending, canceling, closing, the end of the thread, removal and sending again,
    /// for a request with this control code, such as 0x222004.
    #[arg(long, value_name = "CODE", value_parser = number)]
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
#[derive(Debug)]
pub struct Asked {
    script: Script,
    again: String,
}

impl Asked {
    /// The scenario's name.
    pub fn name(&self) -> String {
        self.script.to_string()
    }

    /// The words of the command line that ask for it.
    pub fn asked(&self) -> &str {
        &self.again
    }

    /// What plays it; `fresh` from its beginning to its end each time.
    pub fn body(&self, fresh: bool) -> Body {
        let script = self.script.clone();
        if fresh {
            Arc::new(move || script.play())
        } else {
            let repeated = Repeated::new(script);
            Arc::new(move || repeated.play())
        }
    }
}

impl Scripts {
    /// The scenarios that are asked for.
    ///
    /// # Errors
    /// What is wrong with them, or what to ask for.
    pub fn read(&self) -> Result<Vec<Asked>, String> {
        if self.files.is_empty() && self.ioctl.is_none() {
            return Err(
                "say what to explore: --scenario FILE, a scenario in TOML, or --ioctl CODE [--input HEX] [--output \
                 BYTES], all pairs and triples of what can happen to a request with that control code"
                    .to_owned(),
            );
        }
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
