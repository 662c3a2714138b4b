//! A copy of the project in which mutants are built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::mutant::Mutant;

/// What the driver is compiled for.
const TARGET: &str = "x86_64-pc-windows-msvc";

/// A copy of the project.
pub struct Tree {
    root: PathBuf,
    copy: PathBuf,
}

impl Tree {
    /// Copies the project in `root` to `copy`, with what has been compiled for the driver.
    pub fn new(root: &Path, copy: PathBuf) -> Result<Self> {
        copy_sources(root, &copy, |_, text| text)?;
        let compiled = copy.join("target");
        fs::create_dir_all(&compiled).context("the tree")?;
        for part in ["linux", "release", TARGET, "wdk"] {
            let from = root.join("target").join(part);
            if from.exists() && !compiled.join(part).exists() {
                let copied = Command::new("cp")
                    .args(["-a", "--reflink=auto"])
                    .args([&from, &compiled])
                    .status()
                    .context("cannot run cp")?;
                ensure!(copied.success(), "cannot copy {}", from.display());
            }
        }
        Ok(Self {
            root: root.to_owned(),
            copy,
        })
    }

    /// Builds the driver. The text is what the compiler says if it refuses.
    pub fn build(&self) -> Result<Result<(), String>> {
        let output = Command::new("tests/linux/cargo.sh")
            .args([TARGET, "build", "--quiet", "--release", "--package", "csq"])
            .env_remove("CARGO_TARGET_DIR")
            .current_dir(&self.copy)
            .output()
            .context("cannot run cargo.sh")?;
        if output.status.success() {
            return Ok(Ok(()));
        }
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let first = text.lines().find(|line| line.starts_with("error"));
        match first {
            Some(line) => Ok(Err(line.to_owned())),
            None => bail!("cargo.sh says no error: {text}"),
        }
    }

    /// Puts the mutant into its file.
    pub fn mutate(&self, mutant: &Mutant) -> Result<()> {
        let text = fs::read_to_string(self.root.join(&mutant.file))?;
        fs::write(self.copy.join(&mutant.file), mutant.apply(&text))?;
        Ok(())
    }

    /// Takes it out again.
    pub fn restore(&self, mutant: &Mutant) -> Result<()> {
        let text = fs::read(self.root.join(&mutant.file))?;
        fs::write(self.copy.join(&mutant.file), text)?;
        Ok(())
    }

    /// Puts the driver as it was built, and its map, into a directory for the judges.
    pub fn deliver(&self, directory: &Path) -> Result<PathBuf> {
        let built = self.copy.join("target").join(TARGET).join("release");
        let driver = directory.join("csq.sys");
        fs::create_dir_all(directory)?;
        fs::copy(built.join("csq.dll"), &driver).context("csq.dll")?;
        fs::copy(built.join("deps/csq.map"), directory.join("csq.map")).context("csq.map")?;
        Ok(driver)
    }
}

/// The project's files, but not `.cargo`: cargo finds that above the copy anyway, and found twice its
/// flags are other flags.
pub fn tracked(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .args(["--", ".", ":!.cargo"])
        .current_dir(root)
        .output()
        .context("cannot run git")?;
    ensure!(output.status.success(), "this is no checkout of git");
    let text = String::from_utf8(output.stdout).context("a file's name")?;
    let exists = |path: &&str| !path.is_empty() && root.join(path).is_file();
    Ok(text.split('\0').filter(exists).map(str::to_owned).collect())
}

/// Copies the project's files; text goes through `edit`. What is the same already is not touched.
pub fn copy_sources(root: &Path, copy: &Path, edit: impl Fn(&str, String) -> String) -> Result<()> {
    for path in tracked(root)? {
        let from = root.join(&path);
        let bytes = fs::read(&from).with_context(|| path.clone())?;
        let bytes = match String::from_utf8(bytes) {
            Ok(text) => edit(&path, text).into_bytes(),
            Err(other) => other.into_bytes(),
        };
        let to = copy.join(&path);
        if fs::read(&to).is_ok_and(|present| present == bytes) {
            continue;
        }
        if let Some(directory) = to.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(&to, bytes).with_context(|| path.clone())?;
        fs::set_permissions(&to, fs::metadata(&from)?.permissions())?;
    }
    Ok(())
}
