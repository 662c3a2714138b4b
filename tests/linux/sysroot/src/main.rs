//! Writes a tree shaped like an installed WDK, as far as wdk-build looks at one for a WDM driver.
//!
//! ```text
//! OUTPUT/SOURCES.txt                     where every file below comes from
//! OUTPUT/Include/10.0.26100.0/shared/    headers of mingw-w64, as they are
//! OUTPUT/Include/10.0.26100.0/km/        headers of this project that adapt them (../include)
//! OUTPUT/Lib/10.0.26100.0/km/x64/        import libraries, and the load configuration
//! OUTPUT/Lib/10.0.26100.0/km/ARM64/      import libraries
//! ```
//!
//! The same input always gives the same bytes, and a file that is right is not written again, so
//! cargo sees a change only where there is one.

mod headers;
mod imports;
mod kit;
mod load_config;
mod tree;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::tree::Tree;

/// The version the tree claims to have: wdk-build wants a directory of such a name. It stands for
/// no particular WDK.
const VERSION: &str = "10.0.26100.0";

/// Writes the part of a WDK that csq.sys is built against, or what any driver on windows-drivers-rs needs to
/// be built on Linux.
#[derive(Parser)]
struct Arguments {
    /// The directory to write; whatever else is in it is removed
    #[arg(default_value = "target/wdk")]
    output: PathBuf,
    /// Writes to DIR/linux-wdk instead, with the scripts and the cargo configuration for the driver in DIR
    #[arg(long, value_name = "DIR", conflicts_with = "output")]
    driver: Option<PathBuf>,
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
    let mut tree = Tree::default();
    headers::add(&mut tree, &arguments.include)?;
    imports::add(&mut tree, &arguments.lib)?;
    load_config::add(&mut tree)?;
    let Some(driver) = &arguments.driver else {
        return write(tree, &arguments.output);
    };
    kit::add(&mut tree, driver)?;
    write(tree, &driver.join(kit::DIRECTORY))?;
    println!(
        "in {}: cargo build --release --config {}/cargo.toml --target x86_64-pc-windows-msvc",
        driver.display(),
        kit::DIRECTORY
    );
    Ok(())
}

fn write(tree: Tree, directory: &Path) -> Result<()> {
    let changed = tree.write(directory)?;
    if changed > 0 {
        println!("{}: {changed} files changed", directory.display());
    }
    Ok(())
}
