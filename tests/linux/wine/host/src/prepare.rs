//! Makes the Wine prefix, or brings it up to date.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::build;
use crate::forwards::module_definition;
use crate::image;
use crate::install;
use crate::layout::{Layout, windows_path};
use crate::progress::step;
use crate::registry;
use crate::session;
use crate::wine::{self, Debug, Wine};

/// Changes when a prefix made by an older wine-host will not do.
const FORMAT: u32 = 1;
/// The slowest step took 38 s on a loaded machine.
const STEP_LIMIT: Duration = Duration::from_mins(5);

/// Makes what is missing or out of date; everything with `fresh`.
pub fn prepare(layout: &Layout, wine: &Wine, fresh: bool) -> Result<()> {
    let _lock = session::lock(layout)?;
    let _ = fs::remove_file(layout.prepared());
    let stamp = format!("{FORMAT} {}\n", wine.version());
    if fresh || fs::read_to_string(layout.stamp()).ok().as_ref() != Some(&stamp) {
        remove(layout, wine)?;
        step("creating a Wine prefix", || create(layout, wine))?;
        fs::write(layout.stamp(), stamp)?;
    }
    let base = fs::read(layout.base()).context("the prefix is damaged; use --fresh")?;
    let exports = image::exports(&base)?;
    write_if_changed(
        &layout.forwards(),
        &module_definition(exports.iter().map(|(name, _)| name.as_str())),
    )?;
    let built = step("building the forwarding ntoskrnl.exe", || {
        build::build(layout)
    })?;
    install::install(layout, wine, &built)?;
    fs::write(layout.prepared(), "")?;
    Ok(())
}

fn remove(layout: &Layout, wine: &Wine) -> Result<()> {
    let _ = fs::remove_file(layout.prepare_log());
    if layout.prefix().exists() {
        session::end(wine)?;
        fs::remove_dir_all(layout.prefix()).context("cannot remove the old prefix")?;
    }
    fs::create_dir_all(layout.prefix())?;
    Ok(())
}

/// A new prefix, with Wine's ntoskrnl.exe under its second name. No session is left.
fn create(layout: &Layout, wine: &Wine) -> Result<()> {
    let settings = layout.prefix().join("settings.reg");
    fs::write(&settings, registry::SETTINGS)?;
    let run = |what: &str, command: &mut Command| match wine::run_logged(
        command,
        &layout.prepare_log(),
        STEP_LIMIT,
    )? {
        Some(status) if status.success() => Ok(()),
        outcome => {
            let _ = session::end(wine);
            bail!(
                "{what} failed ({}); see {}",
                outcome.map_or("time limit".to_owned(), |status| status.to_string()),
                layout.prepare_log().display()
            )
        }
    };
    let program = || wine.program(Debug::Nothing);
    run("wineboot", program().args(["wineboot", "-i"]))?;
    run(
        "winecfg",
        program().args(["winecfg", "-v", registry::WINDOWS_VERSION]),
    )?;
    run(
        "regedit",
        program()
            .args(["regedit", "/S"])
            .arg(windows_path(&settings)?),
    )?;
    // wineboot returns before its session has ended, and what is done to the services until then
    // is lost.
    run("wineserver", wine.server().arg("-w"))?;

    let mut base = fs::read(layout.system32().join("ntoskrnl.exe"))
        .context("Wine has no ntoskrnl.exe for x86-64")?;
    image::strip_builtin(&mut base)?;
    fs::write(layout.base(), base)?;
    Ok(())
}

fn write_if_changed(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
