//! Which file is where. Everything wine-host writes is under one directory: `target/wine`, or the
//! one that the variable `WINE_HOST_DIR` names, for a second session beside the first.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The directories and files of one wine-host.
#[derive(Debug)]
pub struct Layout {
    workspace: PathBuf,
    root: PathBuf,
}

impl Layout {
    /// The one of the workspace this program was built in.
    pub fn of_this_workspace() -> Result<Self> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(4)
            .context("wine-host was built outside of its workspace")?
            .to_path_buf();
        let root = match env::var_os("WINE_HOST_DIR") {
            Some(directory) => std::path::absolute(directory)?,
            None => workspace.join("target/wine"),
        };
        fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
        Ok(Self { workspace, root })
    }

    /// The directory of the workspace's Cargo.toml.
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// `WINEPREFIX`.
    pub fn prefix(&self) -> PathBuf {
        self.root.join("prefix")
    }

    /// Says which Wine made the prefix; written when it is complete.
    pub fn stamp(&self) -> PathBuf {
        self.prefix().join("made-by")
    }

    /// Is there while the prefix can be used; written last.
    pub fn prepared(&self) -> PathBuf {
        self.root.join("prepared")
    }

    /// The prefix's `C:\windows\system32`.
    pub fn system32(&self) -> PathBuf {
        self.prefix().join("drive_c/windows/system32")
    }

    /// The prefix's `C:\csq`, where a package is staged.
    pub fn package(&self) -> PathBuf {
        self.prefix().join("drive_c/csq")
    }

    /// Wine's own ntoskrnl.exe under the name by which the forwarder finds it.
    pub fn base(&self) -> PathBuf {
        self.system32().join(crate::forwards::BASE_DLL)
    }

    /// The module definition file with the forwards.
    pub fn forwards(&self) -> PathBuf {
        self.root.join("forwards.def")
    }

    /// The program that runs inside Wine and reports exit codes.
    pub fn launcher(&self) -> PathBuf {
        self.root.join("wine-launch.exe")
    }

    /// What the session's services, and with them the drivers, print.
    pub fn driver_log(&self) -> PathBuf {
        self.root.join("driver.log")
    }

    /// What Wine and cargo said while the prefix was prepared.
    pub fn prepare_log(&self) -> PathBuf {
        self.root.join("prepare.log")
    }

    /// Held by whoever prepares the prefix or starts or ends the session.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Where this process's programs report how they ended.
    pub fn report(&self) -> PathBuf {
        self.root.join(format!("report-{}", std::process::id()))
    }

    /// Fails with a sentence unless `prepare` has succeeded.
    pub fn require_prepared(&self) -> Result<()> {
        if !self.prepared().exists() {
            bail!("the Wine prefix is not prepared; run `wine-host prepare` first");
        }
        Ok(())
    }
}

/// `path`, which must exist, as Wine's programs see it: drive `Z:` is the Linux root.
pub fn windows_path(path: &Path) -> Result<String> {
    let absolute =
        fs::canonicalize(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let text = absolute
        .to_str()
        .with_context(|| format!("{} is not UTF-8", absolute.display()))?;
    Ok(format!("Z:{}", text.replace('/', "\\")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linux_path_is_on_drive_z() {
        assert_eq!(
            windows_path(Path::new("/dev/../dev/null")).unwrap(),
            "Z:\\dev\\null"
        );
        assert!(windows_path(Path::new("/no/such/file")).is_err());
    }
}
