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
    /// The one of the checkout that the current directory is in.
    pub fn of_this_checkout() -> Result<Self> {
        let current = env::current_dir()?;
        let workspace = checkout_of(&current)
            .with_context(|| format!("{} is in no checkout of csq", current.display()))?
            .to_path_buf();
        let root = match env::var_os("WINE_HOST_DIR") {
            Some(directory) => std::path::absolute(directory)?,
            None => workspace.join("target/wine"),
        };
        fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
        Ok(Self { workspace, root })
    }

    /// The directory of the checkout.
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

/// The checkout that a directory is in. Not the one this program was built in: a checkout may be copied with
/// its target directory.
fn checkout_of(directory: &Path) -> Option<&Path> {
    let mut ancestors = directory.ancestors();
    ancestors.find(|ancestor| ancestor.join("tests/linux/wine/host/Cargo.toml").is_file())
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
    fn a_checkout_is_found_from_within() {
        let current = env::current_dir().unwrap();
        let root = checkout_of(&current).expect("tests run in their package");
        assert!(
            current.ends_with("tests/linux/wine/host"),
            "{}",
            current.display()
        );
        assert_eq!(root.join("tests/linux/wine/host"), current);
        assert_eq!(checkout_of(Path::new("/")), None);
    }

    #[test]
    fn a_linux_path_is_on_drive_z() {
        assert_eq!(
            windows_path(Path::new("/dev/../dev/null")).unwrap(),
            "Z:\\dev\\null"
        );
        assert!(windows_path(Path::new("/no/such/file")).is_err());
    }
}
