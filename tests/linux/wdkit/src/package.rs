//! A driver package: the INF, what it copies, the catalog, and the signatures.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use der::DateTime;
use object::pe::{IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_MACHINE_ARM64};
use object::read::pe::PeFile64;

use crate::catalog::{self, Member, Target};
use crate::certificate::Certificate;
use crate::infcheck::{self, Inf, Rule};
use crate::inx::{Architecture, Stamp};
use crate::signature::{self, Kind};

/// What a package is made of.
#[derive(Clone, Debug)]
pub struct Order {
    /// The drivers; one may have the name that cargo gives it (.dll).
    pub drivers: Vec<PathBuf>,
    /// What the INF copies beside them.
    pub files: Vec<PathBuf>,
    /// The INF or its source.
    pub inx: PathBuf,
    /// The version for `DriverVer`.
    pub version: String,
    /// The framework's version for `$KMDFVERSION$`.
    pub kmdf: Option<String>,
    /// The date for `DriverVer`, and the time of the signatures, since 1970.
    pub time: Duration,
    /// The certificate's directory.
    pub certificate: PathBuf,
    /// Rules for the INF that may be broken.
    pub allowed: Vec<Rule>,
}

/// A package.
#[derive(Debug)]
pub struct Package {
    /// Its files, by name.
    pub files: Vec<(String, Vec<u8>)>,
    /// What its drivers are for.
    pub architecture: Architecture,
}

/// Makes a package. The same order gives the same package.
///
/// # Errors
///
/// Something is missing or wrong; the text says what. What is wrong with the INF is on standard error, a line for each.
pub fn make(order: &Order) -> Result<Package> {
    let name = stem(&order.inx)?;
    let architecture = architecture(&order.drivers)?;
    let date = DateTime::from_unix_duration(order.time)
        .with_context(|| format!("{} is not a time", order.time.as_secs()))?;
    let mut stamp = Stamp::new(architecture, date, &order.version)?;
    if let Some(version) = &order.kmdf {
        stamp = stamp.with_kmdf(version)?;
    }
    let inf = stamped(&order.inx, &stamp, &order.allowed)?;
    let (parsed, _) = Inf::parse(&inf);
    let catalog_name = parsed
        .catalog()
        .with_context(|| format!("{} names no CatalogFile", order.inx.display()))?;
    let found = sources(order, &parsed)?;

    // The images before the catalog, which has their hashes, and those count the padding of the signature.
    let certificate = Certificate::load_or_make(&order.certificate, &name)?;
    let mut members = vec![Member {
        name: format!("{name}.inf"),
        contents: inf.into_bytes(),
    }];
    let mut files = Vec::new();
    for (name, path) in &found {
        let mut contents = read(path)?;
        if is_driver(name) {
            contents = signature::sign(&contents, Kind::Image, &certificate, order.time)
                .with_context(|| format!("cannot sign {name}"))?;
            let symbols = path.with_extension("pdb");
            if symbols.exists() {
                let name = name.replace(".sys", ".pdb");
                files.push((name, read(&symbols)?));
            }
        }
        members.push(Member {
            name: name.clone(),
            contents,
        });
    }
    let hardware_ids = parsed.hardware_ids();
    let target = Target {
        hardware_ids: &hardware_ids,
        system: stamp.catalog_system(),
    };
    let catalog = catalog::unsigned(&members, &target, order.time)?;
    let catalog = signature::sign(&catalog, Kind::Catalog, &certificate, order.time)
        .with_context(|| format!("cannot sign {catalog_name}"))?;
    files.extend(
        members
            .into_iter()
            .map(|member| (member.name, member.contents)),
    );
    files.push((catalog_name, catalog));
    files.push((format!("{name}.cer"), certificate.der));
    Ok(Package {
        files,
        architecture,
    })
}

/// The INF, filled in and checked. Lines stay where they are, so the .inx is named for what is wrong.
///
/// # Errors
///
/// It cannot be read or filled in, or breaks a rule that is not among `allowed`.
pub fn stamped(path: &Path, stamp: &Stamp, allowed: &[Rule]) -> Result<String> {
    let inx = path.display();
    let source = fs::read_to_string(path).with_context(|| format!("cannot read {inx}"))?;
    let inf = stamp
        .apply(&source)
        .with_context(|| format!("cannot stamp {inx}"))?;
    let mut findings = infcheck::check(&inf);
    findings.retain(|finding| !allowed.contains(&finding.rule));
    for finding in &findings {
        eprintln!("{inx}:{finding}");
    }
    if !findings.is_empty() {
        bail!(
            "{inx} breaks {} rules for INF files; --allow RULE lets one pass",
            findings.len()
        );
    }
    Ok(inf)
}

/// What the INF copies, each with the file that it is.
fn sources(order: &Order, inf: &Inf) -> Result<Vec<(String, PathBuf)>> {
    let names = inf.source_files();
    let mut left = order.drivers.clone();
    let mut found = Vec::new();
    for name in &names {
        let wanted = name.to_ascii_lowercase();
        let is = |path: &PathBuf| named(path).is_some_and(|name| name == wanted);
        let path = match left.iter().position(is) {
            Some(at) => left.remove(at),
            // Whatever it was called, if there is no other.
            None if is_driver(name)
                && order.drivers.len() == 1
                && names.iter().filter(|name| is_driver(name)).count() == 1
                && left.len() == 1 =>
            {
                left.remove(0)
            }
            None => match order.files.iter().find(|path| is(path)) {
                Some(path) => path.clone(),
                None => bail!(
                    "{} copies {name}: name it with --driver or --file",
                    order.inx.display()
                ),
            },
        };
        found.push((name.clone(), path));
    }
    if let Some(path) = left.first() {
        bail!(
            "{} does not copy {}: add it to [SourceDisksFiles] and to a section of CopyFiles",
            order.inx.display(),
            named(path).unwrap_or_default()
        );
    }
    Ok(found)
}

/// The name that a file has in a package, in lower case: what cargo calls .dll is a .sys.
fn named(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    Some(match name.strip_suffix(".dll") {
        Some(stem) if is_native(path) => format!("{stem}.sys"),
        _ => name,
    })
}

fn is_native(path: &Path) -> bool {
    /// `IMAGE_SUBSYSTEM_NATIVE`
    const NATIVE: u16 = 1;
    fs::read(path).is_ok_and(|bytes| {
        PeFile64::parse(&*bytes).is_ok_and(|image| {
            image
                .nt_headers()
                .optional_header
                .subsystem
                .get(object::LittleEndian)
                == NATIVE
        })
    })
}

fn is_driver(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".sys")
}

/// What all drivers are for.
fn architecture(drivers: &[PathBuf]) -> Result<Architecture> {
    let mut found = None;
    for path in drivers {
        let bytes = read(path)?;
        let image = PeFile64::parse(&*bytes)
            .with_context(|| format!("{} is no image of a 64-bit driver", path.display()))?;
        let machine = image
            .nt_headers()
            .file_header
            .machine
            .get(object::LittleEndian);
        let architecture = match machine {
            IMAGE_FILE_MACHINE_AMD64 => Architecture::Amd64,
            IMAGE_FILE_MACHINE_ARM64 => Architecture::Arm64,
            _ => bail!(
                "{} is for machine {machine:#x}, neither x64 nor ARM64",
                path.display()
            ),
        };
        if found.is_some_and(|found| found != architecture) {
            bail!(
                "{} is for another machine than the driver before it",
                path.display()
            );
        }
        found = Some(architecture);
    }
    found.context("name a driver with --driver")
}

fn stem(path: &Path) -> Result<String> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    Ok(stem
        .with_context(|| format!("{} is no name of an INF", path.display()))?
        .to_owned())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}; build it first", path.display()))
}

/// Writes a file unless it has these contents already, so that nobody downstream sees a change where there is none.
///
/// # Errors
///
/// It cannot be written.
pub fn write(path: &Path, contents: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|present| present == contents) {
        return Ok(());
    }
    fs::write(path, contents).with_context(|| format!("cannot write {}", path.display()))
}
