//! Whether a crate is one that can be built on Linux: asked before anything is written.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// What can be built, in a sentence.
const SUPPORTED: &str = "WDM drivers on wdk-build 0.3 and later can be built on Linux; with --wdk DIR, KMDF drivers, too";

/// Where a crate or a workspace says of what model its driver is.
const MODEL: &str = "/metadata/wdk/driver-model/driver-type";

/// Checks the crate in `directory`, or the workspace. `real` says whether a WDK is there.
///
/// # Errors
///
/// It is none that can be built, for a reason that the text has; or cargo cannot say what it is.
pub fn check(directory: &Path, real: bool) -> Result<()> {
    ensure!(
        directory.join("Cargo.toml").is_file(),
        "{} has no Cargo.toml; name the directory of a driver's crate",
        directory.display()
    );
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1"])
        .current_dir(directory)
        .output()
        .context("cannot run cargo")?;
    ensure!(
        output.status.success(),
        "cargo does not understand {}: {}",
        directory.display(),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    judge(&serde_json::from_slice(&output.stdout)?, real)
}

/// Judges what `cargo metadata` has printed.
fn judge(metadata: &Value, real: bool) -> Result<()> {
    let packages = metadata.get("packages").and_then(Value::as_array);
    let packages = packages.context("cargo metadata lists no packages")?;
    let mut versions = packages
        .iter()
        .filter(|package| text(package, "/name") == "wdk-build")
        .map(|package| text(package, "/version"))
        .peekable();
    if versions.peek().is_none() {
        bail!(
            "this is no driver on windows-drivers-rs: it does not depend on wdk-build; {SUPPORTED}"
        );
    }
    for version in versions {
        if matches!(
            version.split('.').collect::<Vec<_>>()[..],
            ["0", "0" | "1" | "2", _]
        ) {
            bail!("this driver is on wdk-build {version}; {SUPPORTED}");
        }
    }
    let model = |owner: &&Value| !text(owner, MODEL).is_empty();
    if !packages.iter().chain([metadata]).any(|owner| model(&owner)) {
        bail!(
            "nothing here says of what model the driver is: add driver-type = \"WDM\" below \
             [package.metadata.wdk.driver-model] to its Cargo.toml"
        );
    }
    let members = metadata.get("workspace_members").and_then(Value::as_array);
    let is_member = |package: &Value| {
        members.is_some_and(|ids| package.get("id").is_some_and(|id| ids.contains(id)))
    };
    for owner in packages
        .iter()
        .filter(|package| is_member(package))
        .chain([metadata])
    {
        let name = match text(owner, "/name") {
            "" => "the workspace",
            name => name,
        };
        match text(owner, MODEL) {
            "UMDF" => bail!("{name} is a UMDF driver, a program for user mode; {SUPPORTED}"),
            "KMDF" if !real => bail!(
                "{name} is a KMDF driver, and the framework's headers are nowhere but in a WDK; {SUPPORTED}"
            ),
            _ => {}
        }
    }
    Ok(())
}

/// The text at a place; empty if there is none.
fn text<'a>(value: &'a Value, place: &str) -> &'a str {
    value
        .pointer(place)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal(model: &str, version: &str, real: bool) -> String {
        let metadata = json!({
            "packages": [
                {"name": "driver", "id": "1", "version": "1.0.0", "metadata": {"wdk": {"driver-model": {"driver-type": model}}}},
                {"name": "wdk-build", "id": "2", "version": version, "metadata": null},
            ],
            "workspace_members": ["1"],
            "metadata": null,
        });
        judge(&metadata, real).map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn what_can_be_built_is_not_refused() {
        for version in ["0.3.0", "0.4.0", "0.6.1", "1.0.0"] {
            assert_eq!(refusal("WDM", version, false), "");
        }
        assert_eq!(refusal("KMDF", "0.6.0", true), "");
    }

    #[test]
    fn everything_else_is_refused_in_a_sentence() {
        for (model, version, real, wanted) in [
            ("WDM", "0.2.0", false, "this driver is on wdk-build 0.2.0; "),
            ("KMDF", "0.6.0", false, "driver is a KMDF driver, "),
            ("UMDF", "0.6.0", true, "driver is a UMDF driver, "),
        ] {
            let text = refusal(model, version, real);
            assert!(
                text.starts_with(wanted) && text.ends_with(SUPPORTED),
                "{text}"
            );
        }
        assert!(refusal("", "0.6.0", false).starts_with("nothing here says of what model"));
        let none = json!({"packages": [], "workspace_members": []});
        assert!(
            judge(&none, true)
                .unwrap_err()
                .to_string()
                .contains("does not depend on wdk-build")
        );
    }

    #[test]
    fn a_workspace_may_say_what_its_drivers_are() {
        let metadata = json!({
            "packages": [{"name": "wdk-build", "id": "2", "version": "0.6.0"}],
            "workspace_members": [],
            "metadata": {"wdk": {"driver-model": {"driver-type": "KMDF"}}},
        });
        assert!(
            judge(&metadata, false)
                .unwrap_err()
                .to_string()
                .starts_with("the workspace is a KMDF driver")
        );
    }
}
