//! Writes a tree shaped like an installed WDK, as far as wdk-build looks at one for a WDM driver.
//!
//! ```text
//! OUTPUT/SOURCES.txt                     where every file below comes from
//! OUTPUT/Include/10.0.26100.0/shared/    headers of mingw-w64, corrected (corrections.rs)
//! OUTPUT/Include/10.0.26100.0/km/        headers of this project that adapt them (../include), and what they lack,
//!                                        from Microsoft's metadata (supplement.rs)
//! OUTPUT/Lib/10.0.26100.0/km/x64/        import libraries, and the load configuration
//! OUTPUT/Lib/10.0.26100.0/km/ARM64/      import libraries
//! ```
//!
//! With `--wdk`, the headers are a WDK's and the libraries links to its own; only the load configuration
//! is still this project's.
//!
//! The same input always gives the same bytes, and a file that is right is not written again, so
//! cargo sees a change only where there is one.

mod corrections;
mod crate_check;
mod declared;
mod headers;
mod imports;
mod kit;
mod load_config;
mod metadata;
mod missing;
mod stack_probe;
mod supplement;
mod tree;
mod wdk;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::missing::Missing;
use crate::tree::Tree;
use crate::wdk::Wdk;

/// The version the tree claims to have: wdk-build wants a directory of such a name. It stands for no
/// particular WDK, and is the same for all: cargo would not see that the directory has another name.
const VERSION: &str = "10.0.26100.0";

/// Writes the part of a WDK that csq.sys is built against. Run it in the directory of the checkout.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    /// The directory to write; whatever else is in it is removed
    #[arg(default_value = "target/wdk")]
    output: PathBuf,
    #[command(flatten)]
    sources: Sources,
    #[command(subcommand)]
    subcommand: Option<Subcommand>,
}

#[derive(clap::Subcommand)]
enum Subcommand {
    /// Lists what a tree lacks of what Microsoft's metadata has, by name
    Missing {
        /// The tree
        #[arg(default_value = "target/wdk")]
        tree: PathBuf,
    },
    /// Writes what a driver on windows-drivers-rs needs to be built on Linux to DIR/linux-wdk.
    ///
    /// These are that part of a WDK, scripts, and the cargo configuration that names them. Then, in DIR:
    /// cargo build --release --config linux-wdk/cargo.toml --target x86_64-pc-windows-msvc
    ///
    /// WDM drivers on wdk-build 0.3 and later can be built; with --wdk, KMDF drivers, too. Anything else is refused.
    #[command(override_usage = "cargo make foreign --driver DIR [--wdk DIR]")]
    Foreign {
        /// The directory of the driver's crate
        #[arg(long, value_name = "DIR")]
        driver: PathBuf,
        #[command(flatten)]
        sources: Sources,
    },
}

/// What the headers and libraries are made of.
#[derive(clap::Args)]
struct Sources {
    /// Takes headers and libraries from the WDK in DIR: a copy of "Windows Kits/10", or unpacked NuGet packages
    #[arg(long, value_name = "DIR")]
    wdk: Option<PathBuf>,
    /// The headers of mingw-w64 (Debian: package mingw-w64-common)
    #[arg(long, default_value = "/usr/share/mingw-w64/include")]
    include: PathBuf,
    /// The 64-bit import libraries of mingw-w64 (Debian: package mingw-w64-x86-64-dev)
    #[arg(long, default_value = "/usr/x86_64-w64-mingw32/lib")]
    lib: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sysroot: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let (driver, sources) = match &arguments.subcommand {
        None => return write(made_of(&arguments.sources)?, &arguments.output),
        Some(Subcommand::Missing { tree }) => return list(&missing::of(tree)?),
        Some(Subcommand::Foreign { driver, sources }) => (driver, sources),
    };
    crate_check::check(driver, sources.wdk.is_some())?;
    let mut tree = made_of(sources)?;
    kit::add(&mut tree);
    write(tree, &driver.join(kit::DIRECTORY))?;
    println!(
        "in {}: cargo build --release --config {}/cargo.toml --target x86_64-pc-windows-msvc",
        driver.display(),
        kit::DIRECTORY
    );
    Ok(())
}

/// Prints what is missing.
#[allow(clippy::unnecessary_wraps)]
fn list(missing: &Missing) -> Result<()> {
    for line in &missing.lines {
        println!("{line}");
    }
    let of = |(count, all): (usize, usize)| format!("{count} of {all}");
    println!(
        "{} routines are declared and link, {} variables link, {} structures have the metadata's size",
        of(missing.routines),
        of(missing.variables),
        of(missing.structures)
    );
    Ok(())
}

/// The part of a WDK.
fn made_of(sources: &Sources) -> Result<Tree> {
    let mut tree = Tree::default();
    if let Some(directory) = &sources.wdk {
        add_wdk(&mut tree, directory, &sources.lib)?;
    } else {
        headers::add(&mut tree, &sources.include)?;
        supplement::add(&mut tree)?;
        for &machine in imports::MACHINES {
            imports::add(&mut tree, &sources.lib, machine)?;
        }
        load_config::add(&mut tree)?;
    }
    Ok(tree)
}

/// Adds the WDK in `directory`. Where it has no libraries, as a collection of headers has not, import
/// libraries with the names of mingw-w64's (in `mingw`) take their place.
fn add_wdk(tree: &mut Tree, directory: &Path, mingw: &Path) -> Result<()> {
    let wdk = Wdk::open(directory)?;
    wdk.add_headers(tree)?;
    for &machine in imports::MACHINES {
        let (name, _) = machine;
        if !wdk.add_libraries(tree, name)? {
            println!(
                "{} has no Lib/{}/km/{name}: for {name}, drivers are linked with import libraries made of \
                 mingw-w64's names",
                directory.display(),
                wdk.version()
            );
            imports::add(tree, mingw, machine)?;
        }
    }
    load_config::add(tree)
}

fn write(tree: Tree, directory: &Path) -> Result<()> {
    let changed = tree.write(directory)?;
    if changed > 0 {
        println!("{}: {changed} files changed", directory.display());
    }
    Ok(())
}
