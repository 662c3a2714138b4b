//! Makes the driver package: csq.inf of inf/csq.inx, the catalog, the signatures, and beside them what
//! a test machine needs.
//!
//! On Windows, wdk-build's makefile does this with the WDK's tools. As there, a bad INF stops it.

mod catalog;
mod certificate;
mod debugger;
mod inx;
mod readme;
mod signature;
mod tool;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use der::DateTime;
use infcheck::Inf;

use crate::catalog::{Member, Target};
use crate::certificate::Certificate;
use crate::inx::{Architecture, Stamp};
use crate::signature::Kind;

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
    /// What the driver was built for
    #[arg(long, value_enum, default_value_t = Architecture::Amd64)]
    architecture: Architecture,
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
    let date = DateTime::from_unix_duration(time)
        .with_context(|| format!("{} is not a time", time.as_secs()))?;
    let stamp = Stamp::new(arguments.architecture, date, env!("CARGO_PKG_VERSION"))?;
    let inf = stamped(arguments, &stamp)?;

    // The image before the catalog, which has its hash, and that counts the padding of the signature.
    let certificate = Certificate::load_or_make(&arguments.certificate)?;
    let driver = read(&arguments.driver)?;
    let driver =
        signature::sign(&driver, Kind::Image, &certificate, time).context("cannot sign csq.sys")?;
    let catalog = cataloged(&inf, &driver, stamp.catalog_system(), time)?;
    let catalog = signature::sign(&catalog, Kind::Catalog, &certificate, time)
        .context("cannot sign csq.cat")?;

    fs::create_dir_all(&arguments.output)
        .with_context(|| format!("cannot create {}", arguments.output.display()))?;
    let pdb = read(&arguments.driver.with_extension("pdb"))?;
    let readme = String::from_utf8(read(&arguments.readme)?)?;
    let readme = readme::of(&readme, arguments.architecture)
        .with_context(|| format!("cannot adapt {}", arguments.readme.display()))?;
    for (name, contents) in [
        ("csq.sys", driver),
        ("csq.inf", inf.into_bytes()),
        ("csq.cat", catalog),
        ("csq.cer", certificate.der),
        ("csq.map", read(&map_of(&arguments.driver)?)?),
        ("csq.js", debugger::script(&pdb)?.into_bytes()),
        ("csq.pdb", pdb),
        ("csqctl.exe", read(&arguments.client)?),
        ("csq.h", read(&arguments.header)?),
        ("csq.wprp", read(&arguments.wprp)?),
        ("README.txt", readme.into_bytes()),
    ] {
        write(&arguments.output.join(name), &contents)?;
    }
    Ok(())
}

/// The INF, filled in and checked. Lines stay where they are, so the .inx is named for what is wrong.
fn stamped(arguments: &Arguments, stamp: &Stamp) -> Result<String> {
    let inx = arguments.inx.display();
    let source =
        fs::read_to_string(&arguments.inx).with_context(|| format!("cannot read {inx}"))?;
    let inf = stamp
        .apply(&source)
        .with_context(|| format!("cannot stamp {inx}"))?;
    let findings = infcheck::check(&inf);
    for finding in &findings {
        eprintln!("{inx}:{finding}");
    }
    if !findings.is_empty() {
        bail!("{inx} breaks {} rules for INF files", findings.len());
    }
    Ok(inf)
}

/// The catalog of the INF and the files it copies.
fn cataloged(inf: &str, driver: &[u8], system: &str, time: Duration) -> Result<Vec<u8>> {
    let (parsed, _) = Inf::parse(inf);
    let mut members = vec![Member {
        name: "csq.inf".to_owned(),
        contents: inf.as_bytes().to_vec(),
    }];
    for name in parsed.source_files() {
        if !name.eq_ignore_ascii_case("csq.sys") {
            bail!("csq.inf copies {name}, which is not part of the package");
        }
        members.push(Member {
            name,
            contents: driver.to_vec(),
        });
    }
    let hardware_ids = parsed.hardware_ids();
    let target = Target {
        hardware_ids: &hardware_ids,
        system,
    };
    catalog::unsigned(&members, &target, time)
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

/// Writes a file unless it has these contents already, so that nobody downstream sees a change
/// where there is none.
fn write(path: &Path, contents: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|present| present == contents) {
        return Ok(());
    }
    fs::write(path, contents).with_context(|| format!("cannot write {}", path.display()))
}
