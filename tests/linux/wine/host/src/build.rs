//! Builds the Windows programs and DLLs of the host with the workspace's cargo.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::layout::Layout;
use crate::wine::append;

/// rustup's prebuilt standard library and mingw's linker do for these; the driver has another one.
const TARGET: &str = "x86_64-pc-windows-gnu";

/// What was built.
pub struct Built {
    /// The forwarding ntoskrnl.exe.
    pub forwarder: PathBuf,
    /// bcryptprimitives.dll.
    pub bcryptprimitives: PathBuf,
    /// wine-launch.exe.
    pub launcher: PathBuf,
}

/// Builds them, in the target directory this program is in; quick when nothing changed.
pub fn build(layout: &Layout) -> Result<Built> {
    let program = env::current_exe()?;
    let target = program
        .ancestors()
        .nth(2)
        .context("wine-host is not in a target directory")?;
    let output = append(&layout.prepare_log())?;
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(layout.workspace())
        .args(["build", "--locked", "--target", TARGET, "--target-dir"])
        .arg(target)
        .args([
            "--package",
            "wine-ntoskrnl",
            "--package",
            "wine-bcryptprimitives",
        ])
        .args(["--package", "wine-launch"])
        // Read by the build script of wine-ntoskrnl.
        .env("WINE_HOST_FORWARDS", layout.forwards())
        .stdout(output.try_clone()?)
        .stderr(output)
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        let log = fs::read_to_string(layout.prepare_log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let (_, last) = lines.split_at(lines.len().saturating_sub(15));
        bail!(
            "cargo could not build the Windows part of wine-host. It needs \
             `rustup target add {TARGET}` and, on Debian, \
             `apt-get install gcc-mingw-w64-x86-64-win32`. It said:\n{}",
            last.join("\n")
        );
    }
    let built = target.join(TARGET).join("debug");
    Ok(Built {
        forwarder: built.join("wine_ntoskrnl.dll"),
        bcryptprimitives: built.join("bcryptprimitives.dll"),
        launcher: built.join("wine-launch.exe"),
    })
}
