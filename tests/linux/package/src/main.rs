//! Collects the driver package: csq.sys, its map, and csq.inf made of inf/csq.inx.
//!
//! On Windows, wdk-build's makefile does this with the WDK's tools.

mod inx;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::inx::{Architecture, Stamp};

/// Collect the driver package in a directory.
///
/// Exit codes: 0 done, 1 something is missing or wrong (said in one sentence), 2 bad arguments.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The driver as cargo leaves it
    #[arg(long, value_name = "DLL")]
    driver: PathBuf,
    /// The INF source
    #[arg(long, value_name = "INX", default_value = "inf/csq.inx")]
    inx: PathBuf,
    /// What the driver was built for
    #[arg(long, value_enum, default_value_t = Architecture::Amd64)]
    architecture: Architecture,
    /// The date of the driver, YYYY-MM-DD [default: that of the last commit]
    #[arg(long)]
    date: Option<String>,
    /// Where to put the package
    #[arg(long, value_name = "DIR", default_value = "target/package")]
    output: PathBuf,
}

fn main() -> ExitCode {
    match collect(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("package: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn collect(arguments: &Arguments) -> Result<()> {
    let date = match &arguments.date {
        Some(date) => date.clone(),
        None => date_of_last_commit()?,
    };
    let stamp = Stamp::new(arguments.architecture, &date, env!("CARGO_PKG_VERSION"))?;
    let source = fs::read_to_string(&arguments.inx)
        .with_context(|| format!("cannot read {}", arguments.inx.display()))?;
    let inf = stamp
        .apply(&source)
        .with_context(|| format!("cannot stamp {}", arguments.inx.display()))?;

    fs::create_dir_all(&arguments.output)
        .with_context(|| format!("cannot create {}", arguments.output.display()))?;
    copy(&arguments.driver, &arguments.output.join("csq.sys"))?;
    copy(
        &map_of(&arguments.driver)?,
        &arguments.output.join("csq.map"),
    )?;
    write(&arguments.output.join("csq.inf"), inf.as_bytes())
}

/// The day of the last commit: a rebuild of the same sources gives the same package.
fn date_of_last_commit() -> Result<String> {
    let output = Command::new("git")
        .args(["log", "-1", "--format=%cs"])
        .output()
        .context("cannot run git; give --date")?;
    if !output.status.success() {
        bail!("this is not a git checkout with a commit; give --date");
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The linker writes the map beside its own output, in `deps`, where cargo leaves it.
fn map_of(driver: &Path) -> Result<PathBuf> {
    let directory = driver.parent().context("the driver has no directory")?;
    Ok(directory.join("deps").join("csq.map"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let contents = fs::read(from)
        .with_context(|| format!("cannot read {}; build the driver first", from.display()))?;
    write(to, &contents)
}

/// Writes a file unless it has these contents already, so that nobody downstream sees a change
/// where there is none.
fn write(path: &Path, contents: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|present| present == contents) {
        return Ok(());
    }
    fs::write(path, contents).with_context(|| format!("cannot write {}", path.display()))
}
