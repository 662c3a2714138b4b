//! Makes csq's package: that of [`wdkit`], and beside it what a test machine needs.
//!
//! On Windows, wdk-build's makefile makes the former with the WDK's tools. As there, a bad INF stops it.

mod debugger;
mod readme;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use wdkit::package::{self, Order};

/// Make the driver package in a directory, cataloged and signed with a test certificate.
///
/// The same input gives the same package, byte for byte.
///
/// Exit codes: 0 done, 1 something is missing or wrong (said in one sentence; for each rule that the
/// INF breaks, `FILE:LINE: RULE: what is wrong`), 2 bad arguments.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The driver as cargo leaves it
    #[arg(long, value_name = "DLL")]
    driver: PathBuf,
    /// The program that installs and drives it
    #[arg(long, value_name = "EXE")]
    client: PathBuf,
    /// The INF source
    #[arg(long, value_name = "INX", default_value = "inf/csq.inx")]
    inx: PathBuf,
    /// What to tell the user of a test machine
    #[arg(long, value_name = "TXT", default_value = "tests/vm/guest/README.txt")]
    readme: PathBuf,
    /// The profile with which its events are recorded
    #[arg(long, value_name = "WPRP", default_value = "inf/csq.wprp")]
    wprp: PathBuf,
    /// The protocol for clients in C
    #[arg(long, value_name = "H", default_value = "src/protocol/csq.h")]
    header: PathBuf,
    /// The time of the driver, in seconds since 1970 [default: that of the last commit]
    #[arg(long, value_name = "SECONDS", env = "SOURCE_DATE_EPOCH")]
    time: Option<u64>,
    /// Where the test certificate is, or is to be made
    #[arg(
        long,
        value_name = "DIR",
        env = "CSQ_CERTIFICATE",
        default_value = "target/certificate"
    )]
    certificate: PathBuf,
    /// Where to put the package
    #[arg(long, value_name = "DIR", default_value = "target/package")]
    output: PathBuf,
}

fn main() -> ExitCode {
    match make(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("package: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn make(arguments: &Arguments) -> Result<()> {
    let time = match arguments.time {
        Some(time) => Duration::from_secs(time),
        None => time_of_last_commit()?,
    };
    let package = package::make(&Order {
        drivers: vec![arguments.driver.clone()],
        files: Vec::new(),
        inx: arguments.inx.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kmdf: None,
        time,
        certificate: arguments.certificate.clone(),
        allowed: Vec::new(),
    })?;

    fs::create_dir_all(&arguments.output)
        .with_context(|| format!("cannot create {}", arguments.output.display()))?;
    let pdb = read(&arguments.driver.with_extension("pdb"))?;
    let readme = String::from_utf8(read(&arguments.readme)?)?;
    let readme = readme::of(&readme, package.architecture)
        .with_context(|| format!("cannot adapt {}", arguments.readme.display()))?;
    for (name, contents) in &package.files {
        package::write(&arguments.output.join(name), contents)?;
    }
    for (name, contents) in [
        ("csq.map", read(&map_of(&arguments.driver)?)?),
        ("csq.js", debugger::script(&pdb)?.into_bytes()),
        ("csqctl.exe", read(&arguments.client)?),
        ("csq.h", read(&arguments.header)?),
        ("csq.wprp", read(&arguments.wprp)?),
        ("README.txt", readme.into_bytes()),
    ] {
        package::write(&arguments.output.join(name), &contents)?;
    }
    Ok(())
}

/// A rebuild of the same commit gives the same package.
fn time_of_last_commit() -> Result<Duration> {
    let output = Command::new("git")
        .args(["log", "-1", "--format=%ct"])
        .output()
        .context("cannot run git; give --time")?;
    if !output.status.success() {
        bail!("this is not a git checkout with a commit; give --time");
    }
    let seconds = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(Duration::from_secs(seconds))
}

/// The linker writes the map beside its own output, in `deps`, where cargo leaves it.
fn map_of(driver: &Path) -> Result<PathBuf> {
    let directory = driver.parent().context("the driver has no directory")?;
    Ok(directory.join("deps").join("csq.map"))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}; build it first", path.display()))
}
