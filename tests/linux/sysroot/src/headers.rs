//! The headers: mingw-w64's, corrected, in `shared`; this project's, which come first in the search
//! path, in `km` and `km/crt`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use include_dir::{Dir, include_dir};

use crate::tree::Tree;
use crate::{VERSION, corrections};

/// What `ntifs.h`, `ntddk.h` and `ntstrsafe.h`, the headers that wdk-sys names, include. All of
/// them are in the public domain: `ddk/` and `ntdef.h` come from the `ReactOS` DDK, whose notice
/// each of them carries, the others from mingw-w64 itself.
const MINGW: &[&str] = &[
    "basetsd.h",
    "basetyps.h",
    "bugcodes.h",
    "concurrencysal.h",
    "ddk/csq.h",
    "ddk/mce.h",
    "ddk/ntddk.h",
    "ddk/ntifs.h",
    "ddk/ntnls.h",
    "ddk/wdm.h",
    "devpropdef.h",
    "dpfilter.h",
    "driverspecs.h",
    "evntprov.h",
    "guiddef.h",
    "ktmtypes.h",
    "ntdef.h",
    "ntiologc.h",
    "ntstatus.h",
    "poppack.h",
    "pshpack1.h",
    "pshpack4.h",
    "sal.h",
    "sdkddkver.h",
    "specstrings.h",
    "winapifamily.h",
];

/// This project's headers, and what the list of sources calls them.
static OWN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/include");
const OWN_NAME: &str = "tests/linux/sysroot/include";

/// Adds every header to `tree`, mingw-w64's from `mingw`.
///
/// # Errors
///
/// One of them cannot be read or corrected.
pub fn add(tree: &mut Tree, mingw: &Path) -> Result<()> {
    let include = PathBuf::from("Include").join(VERSION);
    for name in MINGW {
        let path = mingw.join(name);
        let content = fs::read(&path).with_context(|| {
            format!(
                "{} is missing: install mingw-w64-common (apt-get install mingw-w64-common), or name the \
                 directory of mingw-w64's headers with --include",
                path.display()
            )
        })?;
        let corrected = corrections::apply(name, content.clone())?;
        let corrected = match String::from_utf8(corrected) {
            Ok(text) => {
                corrections::without_parentheses(&corrections::without_grown(&text)).into_bytes()
            }
            Err(error) => error.into_bytes(),
        };
        let how = if corrected == content {
            ""
        } else {
            ", corrected"
        };
        let file = name.rsplit('/').next().unwrap_or(name);
        tree.add(
            include.join("shared").join(file),
            corrected,
            format!("mingw-w64-common, {name}{how}"),
        );
    }

    add_own(tree, &include, &OWN);
    Ok(())
}

/// Adds the files of a folder of this project's headers, and of those in it.
fn add_own(tree: &mut Tree, include: &Path, folder: &Dir<'_>) {
    for file in folder.files() {
        tree.add(
            include.join(file.path()),
            file.contents().to_vec(),
            format!("this project, {OWN_NAME}/{}", file.path().display()),
        );
    }
    for folder in folder.dirs() {
        add_own(tree, include, folder);
    }
}
