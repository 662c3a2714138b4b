//! Checks the shipped `csq.sys` and the version of `csqctl.exe`, and prints a line for every rule.
//!
//! ```text
//! binary [PACKAGE [SYS.RS]]
//! ```
//!
//! `PACKAGE` is the directory with `csq.sys` and `csq.map`, and perhaps `csqctl.exe`; `target/package` if it
//! is not named, which must have all three. `SYS.RS` is the source file that announces the imports. Exit
//! code: 0 if every rule is kept, 1 if one is broken, 2 if a file cannot be read.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use anyhow::{Context, Result};
use binary::Image;
use binary::checks::{self, Outcome};
use binary::declared::Declared;
use binary::map::Map;
use binary::version::Version;
use object::read::pe::PeFile64;

fn main() -> ExitCode {
    // Whoever reads the output may have seen enough.
    sigpipe::reset();
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let named = arguments.next();
    let complete = named.is_none();
    let package = named.unwrap_or_else(|| "target/package".into());
    let sys = arguments
        .next()
        .unwrap_or_else(|| "src/wdm/src/sys.rs".into());
    match check(&package, complete, &sys) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(broken) => {
            eprintln!("binary: rules that are broken: {broken}");
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("binary: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// How many rules are broken. Without `csqctl.exe`, a package is not `complete`.
fn check(package: &Path, complete: bool, sys: &Path) -> Result<usize> {
    let path = package.join("csq.sys");
    let bytes = fs::read(&path)
        .with_context(|| format!("cannot read {}; `cargo make` builds it", path.display()))?;
    let map = package.join("csq.map");
    let map = fs::read_to_string(&map)
        .map_err(Into::into)
        .and_then(|text| Map::parse(&text))
        .with_context(|| format!("cannot read {}; `cargo make` writes it", map.display()))?;
    let declared = fs::read_to_string(sys)
        .map_err(Into::into)
        .and_then(|text| Declared::parse(&text))
        .with_context(|| format!("cannot tell from {} what csq.sys imports", sys.display()))?;
    let image = Image::new(&bytes, map, declared).with_context(|| format!("{}", path.display()))?;

    let mut broken = 0;
    let mut report = |name: &str, outcome: Outcome| match outcome {
        Ok(found) => println!("  ok      {name:<12} {found}"),
        Err(wrong) => {
            println!("  BROKEN  {name:<12} {wrong}");
            broken += 1;
        }
    };
    println!("{}", path.display());
    for check in checks::ALL {
        report(check.name, check.run(&image));
    }
    let client = package.join("csqctl.exe");
    if complete || client.exists() {
        println!("{}", client.display());
        report("version", version_of(&client)?);
    }
    Ok(broken)
}

/// The rule for `csqctl.exe`.
fn version_of(client: &Path) -> Result<Outcome> {
    let bytes = fs::read(client)
        .with_context(|| format!("cannot read {}; `cargo make` builds it", client.display()))?;
    let pe = PeFile64::parse(&*bytes)
        .with_context(|| format!("{} is no 64-bit PE image", client.display()))?;
    Ok(match Version::of(&pe, &bytes) {
        Ok(version) => version.judge("csqctl.exe"),
        Err(error) => Err(format!("{error:#}")),
    })
}
