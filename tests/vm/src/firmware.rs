//! UEFI firmware, with a store for its variables.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Firmware as QEMU takes it.
#[derive(Debug, PartialEq, Eq)]
pub struct Firmware {
    /// The code, if it is in a file of its own, which the guest may only read.
    pub code: Option<PathBuf>,
    /// What the guest writes to: a copy of the variables, or of all.
    pub store: PathBuf,
}

impl Firmware {
    /// Firmware of `image`, with a copy of its variables in `directory`.
    ///
    /// Windows boots by an entry in these variables, and its Setup writes it. Debian has the variables
    /// in a file of their own, which is called VARS where the code's is called CODE. A file that is
    /// not called CODE has both.
    ///
    /// # Errors
    ///
    /// There are no variables, or a file cannot be read; the text names it.
    pub fn prepare(image: &Path, variables: Option<&Path>, directory: &Path) -> Result<Self> {
        let name = image.file_name().unwrap_or_default().to_string_lossy();
        let beside = image.with_file_name(name.replace("CODE", "VARS"));
        let (code, source) = match variables {
            Some(variables) => (Some(image.to_owned()), variables),
            None if !name.contains("CODE") => (None, image),
            None if beside.exists() => (Some(image.to_owned()), beside.as_path()),
            None => bail!(
                "there is no {} with the variables of {name}: name another with --variables",
                beside.display()
            ),
        };
        let store = directory.join("variables.fd");
        // Not fs::copy, which would copy that nobody may write to it.
        let contents =
            fs::read(source).with_context(|| format!("cannot open {}", source.display()))?;
        fs::write(&store, contents).context("cannot copy the firmware's variables")?;
        Ok(Self { code, store })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepare(present: &[&str], image: &str, variables: Option<&str>) -> (String, String) {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for name in present {
            fs::write(path(name), name).unwrap();
        }
        let variables = variables.map(path);
        match Firmware::prepare(&path(image), variables.as_deref(), directory.path()) {
            Ok(firmware) => (
                firmware.code.map_or_else(String::new, |code| {
                    code.file_name().unwrap().to_string_lossy().into_owned()
                }),
                fs::read_to_string(firmware.store).unwrap(),
            ),
            Err(error) => ("error".to_owned(), format!("{error:#}")),
        }
    }

    #[test]
    fn the_variables_are_found_beside_the_code() {
        let present = ["OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd", "mine.fd"];
        let found = prepare(&present, "OVMF_CODE_4M.fd", None);
        assert_eq!(found, ("OVMF_CODE_4M.fd".into(), "OVMF_VARS_4M.fd".into()));
        let found = prepare(&present, "OVMF_CODE_4M.fd", Some("mine.fd"));
        assert_eq!(found, ("OVMF_CODE_4M.fd".into(), "mine.fd".into()));
    }

    #[test]
    fn one_file_with_both_is_copied() {
        let found = prepare(&["OVMF.fd"], "OVMF.fd", None);
        assert_eq!(found, (String::new(), "OVMF.fd".into()));
    }

    #[test]
    fn missing_variables_are_named() {
        let (_, why) = prepare(&["OVMF_CODE.fd"], "OVMF_CODE.fd", None);
        assert!(why.contains("OVMF_VARS.fd with the variables"), "{why}");
        let (_, why) = prepare(&["OVMF_CODE.fd"], "OVMF_CODE.fd", Some("none.fd"));
        assert!(
            why.contains("cannot open") && why.contains("none.fd"),
            "{why}"
        );
        let (_, why) = prepare(&[], "OVMF.fd", None);
        assert!(why.contains("cannot open"), "{why}");
    }
}
