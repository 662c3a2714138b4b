//! Runs another program.

use std::process::Command;

use anyhow::{Context, Result, bail};

/// Runs `command` to its end.
///
/// # Errors
///
/// It cannot be run, or fails; the text has what it said.
pub fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| {
        format!("cannot run {name}; install it (Debian: apt-get install {name})")
    })?;
    if !output.status.success() {
        bail!(
            "{name} failed ({}): {}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout).trim(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}
