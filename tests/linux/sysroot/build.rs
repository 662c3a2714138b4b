//! Tells the program where cargo keeps Microsoft's metadata, which the crate windows-bindgen comes with.

use std::env;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The crate with the metadata.
const CRATE: &str = "windows-bindgen";

fn main() -> Result<()> {
    let output = Command::new(env::var_os("CARGO").context("cargo runs this")?)
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .context("cannot run cargo metadata")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "cargo metadata cannot get {CRATE}: {errors}"
    );
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata.get("packages").and_then(Value::as_array);
    let text = |package: &Value, key: &str| Some(package.get(key)?.as_str()?.to_owned());
    let manifest = packages
        .context("cargo metadata lists no packages")?
        .iter()
        .find(|package| text(package, "name").is_some_and(|name| name == CRATE))
        .and_then(|package| text(package, "manifest_path"))
        .with_context(|| format!("{CRATE} is not among the packages"))?;
    let directory = manifest.strip_suffix("Cargo.toml").unwrap_or(&manifest);
    println!("cargo::rustc-env=WINMD={directory}default");
    // It is found anew if it has gone.
    println!("cargo::rerun-if-changed={directory}default");
    println!("cargo::rerun-if-changed=../../../Cargo.lock");
    Ok(())
}
