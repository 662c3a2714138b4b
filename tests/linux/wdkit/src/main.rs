//! The program. See the crate's documentation for what the parts do.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use wdkit::infcheck::{self, Rule};
use wdkit::inx::{Architecture, Stamp};
use wdkit::package::{self, Order};
use wdkit::{disk, verify};

/// Make driver packages for Windows on any host, without the WDK.
///
/// Needs the programs openssl and osslsigncode. Exit codes: 0 done, 1 something is missing or wrong (said in one sentence; for
/// each rule that an INF breaks, `FILE:LINE: RULE: what is wrong`), 2 bad arguments.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a signed package: stamp and check the INF, sign the drivers, make and sign the catalog
    Package {
        /// A driver: X.sys, or the X.dll that cargo makes; more than one if the INF has more
        #[arg(long, value_name = "SYS", required = true)]
        driver: Vec<PathBuf>,
        /// The INF, or its source with $ARCH$ and any `DriverVer`
        #[arg(long, value_name = "INX")]
        inx: PathBuf,
        /// Another file that the INF copies
        #[arg(long, value_name = "FILE")]
        file: Vec<PathBuf>,
        #[command(flatten)]
        stamp: StampArguments,
        /// Lets the INF break a rule, by the name that `wdkit rules` has for it
        #[arg(long, value_name = "RULE", value_parser = rule)]
        allow: Vec<Rule>,
        /// Where X.key and X.pem are, for X.inx, or a test certificate is to be made
        #[arg(long, value_name = "DIR", default_value = "certificate")]
        certificate: PathBuf,
        /// Where to put the package
        #[arg(long, value_name = "DIR", default_value = "package")]
        output: PathBuf,
    },
    /// Fill in an .inx: architecture, date, version
    Stamp {
        /// The INF source
        inx: PathBuf,
        /// Where to put the INF
        #[arg(long, value_name = "INF")]
        output: PathBuf,
        /// What the driver is for
        #[arg(long, value_enum, default_value_t = Architecture::Amd64)]
        architecture: Architecture,
        #[command(flatten)]
        stamp: StampArguments,
    },
    /// Check INF files, which are stamped already
    Inf {
        /// The files
        #[arg(required = true)]
        inf: Vec<PathBuf>,
    },
    /// List the rules for INF files
    Rules,
    /// Verify the signatures and the catalog of a package
    Verify {
        /// The package's directory
        directory: PathBuf,
    },
    /// Write a disk image with a package and a script that installs it, for a virtual machine
    Bundle {
        /// The package's directory
        directory: PathBuf,
        /// The image
        #[arg(long, value_name = "IMG")]
        output: PathBuf,
    },
}

#[derive(clap::Args)]
struct StampArguments {
    /// The driver's version, x.y.z or w.x.y.z
    #[arg(long, default_value = "1.0.0")]
    version: String,
    /// What takes the place of $KMDFVERSION$, such as 1.33
    #[arg(long, value_name = "VERSION")]
    kmdf: Option<String>,
    /// The time of the package, in seconds since 1970 [default: now]
    #[arg(long, value_name = "SECONDS", env = "SOURCE_DATE_EPOCH")]
    time: Option<u64>,
}

impl StampArguments {
    fn time(&self) -> Result<Duration> {
        Ok(match self.time {
            Some(seconds) => Duration::from_secs(seconds),
            None => SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?,
        })
    }
}

fn rule(name: &str) -> Result<Rule, String> {
    let found = Rule::ALL.iter().find(|rule| rule.name() == name);
    found
        .copied()
        .ok_or_else(|| "`wdkit rules` lists the names".to_owned())
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wdkit: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Package {
            driver,
            inx,
            file,
            stamp,
            allow,
            certificate,
            output,
        } => {
            let order = Order {
                drivers: driver,
                files: file,
                inx,
                version: stamp.version.clone(),
                kmdf: stamp.kmdf.clone(),
                time: stamp.time()?,
                certificate,
                allowed: allow,
            };
            let package = package::make(&order)?;
            std::fs::create_dir_all(&output)
                .with_context(|| format!("cannot create {}", output.display()))?;
            for (name, contents) in &package.files {
                package::write(&output.join(name), contents)?;
            }
            println!("{}: {} files", output.display(), package.files.len());
        }
        Command::Stamp {
            inx,
            output,
            architecture,
            stamp,
        } => {
            let date = der::DateTime::from_unix_duration(stamp.time()?)?;
            let mut filled = Stamp::new(architecture, date, &stamp.version)?;
            if let Some(version) = &stamp.kmdf {
                filled = filled.with_kmdf(version)?;
            }
            let inf = package::stamped(&inx, &filled, Rule::ALL)?;
            package::write(&output, inf.as_bytes())?;
        }
        Command::Inf { inf } => return check(&inf),
        Command::Rules => {
            for rule in Rule::ALL {
                println!("{:22} {}", rule.name(), rule.meaning());
            }
        }
        Command::Verify { directory } => {
            for line in verify::package(&directory)? {
                println!("{line}");
            }
        }
        Command::Bundle { directory, output } => {
            let mut files = disk::files(&[&directory])?;
            let script = disk::install_script(&files)
                .with_context(|| format!("{} is no package", directory.display()))?;
            files.push(("install.cmd".to_owned(), script.into_bytes()));
            package::write(&output, &disk::image("DRIVER", &files)?)?;
        }
    }
    Ok(())
}

fn check(files: &[PathBuf]) -> Result<()> {
    let mut broken = 0;
    for path in files {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        for finding in infcheck::check(&text) {
            println!("{}:{finding}", path.display());
            broken += 1;
        }
    }
    if broken > 0 {
        bail!("{broken} rules are broken");
    }
    Ok(())
}
