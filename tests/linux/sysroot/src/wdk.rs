//! Headers and libraries of a WDK: a copy of the former in which every header has also the names by
//! which others include it, and links to the latter.
//!
//! Windows does not tell `ConcurrencySal.h` from `concurrencysal.h`, and Microsoft's headers make use of
//! that.
//!
//! Cargo has to see when one tree takes the place of another. It looks at the times of headers, so they
//! are copied, which makes them new. It also remembers where the libraries were, so those of every
//! version are in the same place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::slice;

use anyhow::{Context, Result, bail};

use crate::VERSION;
use crate::tree::{Tree, files_below};

/// What wdk-build adds to the search path for a WDM driver, and what a KMDF driver needs beside it.
const INCLUDE: [&str; 2] = ["km", "shared"];

/// The libraries of which wdk-build knows, by the names that it gives the linker.
const LIBRARIES: [&str; 7] = [
    "BufferOverflowFastFailK.lib",
    "WdfDriverEntry.lib",
    "WdfLdr.lib",
    "arm64rt.lib",
    "hal.lib",
    "ntoskrnl.lib",
    "wmilib.lib",
];

/// A WDK, or as much of one as is in a directory.
pub struct Wdk {
    /// The directory that holds `Include` and `Lib`.
    root: PathBuf,
    version: String,
}

impl Wdk {
    /// The newest WDK in `directory`, which is an installed one (`Windows Kits/10`) or consists of
    /// unpacked NuGet packages.
    ///
    /// # Errors
    ///
    /// There is none, or one without the headers that it shares with the SDK.
    pub fn open(directory: &Path) -> Result<Self> {
        let directory = fs::canonicalize(directory)
            .with_context(|| format!("there is no directory {}", directory.display()))?;
        // In a NuGet package everything is in a directory of this name.
        for root in [directory.clone(), directory.join("c")] {
            let versions = named(slice::from_ref(&root), "Include")
                .iter()
                .flat_map(|include| entries(include))
                .filter_map(|(name, _)| Some((number(&name)?, name)))
                .collect::<BTreeMap<_, _>>();
            for version in versions.into_values().rev() {
                let wdk = Self {
                    root: root.clone(),
                    version,
                };
                if !wdk.has("km", "wdm.h") {
                    continue;
                }
                if !wdk.has("shared", "ntdef.h") {
                    bail!(
                        "{} has the WDK's headers of {}, but no shared/ntdef.h of that version: unpack the SDK's \
                         package of the same version (Microsoft.Windows.SDK.CPP) into the same directory",
                        directory.display(),
                        wdk.version
                    );
                }
                return Ok(wdk);
            }
        }
        bail!(
            "{} is no WDK: it has no Include/10.*/km/wdm.h; name a copy of \"Windows Kits/10\", or a directory into \
             which Microsoft.Windows.WDK.x64 and Microsoft.Windows.SDK.CPP were unpacked",
            directory.display()
        );
    }

    /// Its version, as the directories are named.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Adds the headers to `tree`.
    ///
    /// # Errors
    ///
    /// One of them cannot be read.
    pub fn add_headers(&self, tree: &mut Tree) -> Result<()> {
        let include = Path::new("Include");
        let mut headers = BTreeMap::new();
        for part in INCLUDE {
            let directories = self.include(part);
            collect(
                &directories,
                &include.join(VERSION).join(part),
                &mut headers,
            )?;
        }
        let framework = named(&named(slice::from_ref(&self.root), "Include"), "wdf");
        collect(&framework, &include.join("wdf"), &mut headers)?;

        let mut spellings: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for content in headers.values() {
            for name in included(&String::from_utf8_lossy(content)) {
                spellings
                    .entry(name.to_lowercase())
                    .or_default()
                    .insert(name);
            }
        }
        let mut aliases = Vec::new();
        for path in headers.keys() {
            let name = file_name(path);
            for other in spellings.get(&name.to_lowercase()).into_iter().flatten() {
                let alias = path.with_file_name(other);
                if !headers.contains_key(&alias) {
                    aliases.push((alias, PathBuf::from(&name)));
                }
            }
        }
        for (path, content) in headers {
            tree.add(path, content, self.source());
        }
        for (alias, target) in aliases {
            tree.link(alias, target, "another spelling".to_owned());
        }
        Ok(())
    }

    /// Adds the libraries for `machine`, a directory's name as wdk-build spells it, to `tree`. Returns
    /// whether there are any.
    ///
    /// # Errors
    ///
    /// The directory cannot be read.
    pub fn add_libraries(&self, tree: &mut Tree, machine: &str) -> Result<bool> {
        let lib = named(slice::from_ref(&self.root), "Lib");
        let kernel = named(&named(&named(&lib, &self.version), "km"), machine);
        let place = Path::new("Lib").join(VERSION).join("km").join(machine);
        let found = self.link_libraries(tree, &kernel, &place)?;
        let framework = named(&named(&named(&lib, "wdf"), "kmdf"), machine);
        let place = Path::new("Lib/wdf/kmdf").join(machine);
        self.link_libraries(tree, &framework, &place)?;
        Ok(found)
    }

    /// Whether there was any library in `directories`.
    fn link_libraries(&self, tree: &mut Tree, directories: &[PathBuf], to: &Path) -> Result<bool> {
        let mut found = false;
        for directory in directories {
            for file in files_below(directory)? {
                let name = file_name(&file);
                if !name.to_lowercase().ends_with(".lib") {
                    continue;
                }
                found = true;
                let place = to.join(file.strip_prefix(directory)?);
                let known = LIBRARIES
                    .iter()
                    .find(|known| known.eq_ignore_ascii_case(&name));
                if let Some(known) = known {
                    tree.link(place.with_file_name(known), file.clone(), self.source());
                }
                tree.link(place, file, self.source());
            }
        }
        Ok(found)
    }

    /// The directories of one part of the headers.
    fn include(&self, part: &str) -> Vec<PathBuf> {
        let include = named(slice::from_ref(&self.root), "Include");
        named(&named(&include, &self.version), part)
    }

    fn has(&self, part: &str, header: &str) -> bool {
        !named(&self.include(part), header).is_empty()
    }

    fn source(&self) -> String {
        format!("the WDK {} in {}", self.version, self.root.display())
    }
}

/// What is in `directory`, by name; nothing if it is none.
fn entries(directory: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut entries: Vec<_> = entries
        .map(|entry| {
            (
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            )
        })
        .collect();
    entries.sort();
    entries
}

/// What is called `name` in one of `directories`, in any spelling. Two packages may spell it in two ways.
fn named(directories: &[PathBuf], name: &str) -> Vec<PathBuf> {
    let entries = directories.iter().flat_map(|directory| entries(directory));
    entries
        .filter(|(entry, _)| entry.eq_ignore_ascii_case(name))
        .map(|(_, path)| path)
        .collect()
}

/// A version such as `10.0.22621.0`, to be compared.
fn number(version: &str) -> Option<Vec<u32>> {
    let numbers: Option<Vec<u32>> = version.split('.').map(|part| part.parse().ok()).collect();
    numbers.filter(|numbers| numbers.len() == 4 && numbers.first() == Some(&10))
}

/// Reads every file below `from`, to be in `to`. Directories get names in lower case, as wdk-build and
/// the headers spell them.
fn collect(from: &[PathBuf], to: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    for directory in from {
        for path in files_below(directory)? {
            let content =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let below = path.strip_prefix(directory)?;
            let parent = below.parent().unwrap_or(Path::new(""));
            let parent = parent.to_string_lossy().to_lowercase();
            let place = to.join(parent).join(file_name(below));
            files.entry(place).or_insert(content);
        }
    }
    Ok(())
}

/// The names of the files that a header includes, without directories.
fn included(header: &str) -> impl Iterator<Item = String> + '_ {
    header.lines().filter_map(|line| {
        let directive = line.trim_start().strip_prefix('#')?.trim_start();
        let operand = directive.strip_prefix("include")?.trim_start();
        let path = operand.strip_prefix(['<', '"'])?;
        let (path, _) = path.split_once(['>', '"'])?;
        path.rsplit(['/', '\\']).next().map(str::to_owned)
    })
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn directory(files: &[&str]) -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            let (path, content) = file.split_once('=').unwrap_or((file, ""));
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        directory
    }

    fn include(written: &TempDir) -> PathBuf {
        written.path().join("Include").join(VERSION)
    }

    fn refusal(files: &[&str]) -> String {
        let directory = directory(files);
        Wdk::open(directory.path()).err().unwrap().to_string()
    }

    #[test]
    fn the_newest_complete_version_is_taken() {
        let installed = directory(&[
            "Include/10.0.9999.0/km/wdm.h",
            "Include/10.0.9999.0/shared/ntdef.h",
            "Include/10.0.22621.0/km/wdm.h",
            "Include/10.0.22621.0/shared/ntdef.h",
            // The SDK alone.
            "Include/10.0.26100.0/shared/ntdef.h",
            "Include/wdf/kmdf/1.33/wdf.h",
        ]);
        assert_eq!(
            Wdk::open(installed.path()).unwrap().version(),
            "10.0.22621.0"
        );
    }

    #[test]
    fn packages_may_spell_directories_in_different_ways() {
        let packages = directory(&[
            "c/Include/10.0.26100.0/km/wdm.h",
            "c/include/10.0.26100.0/Shared/ntdef.h=shared",
        ]);
        let wdk = Wdk::open(packages.path()).unwrap();
        let mut tree = Tree::default();
        wdk.add_headers(&mut tree).unwrap();
        let written = tempfile::tempdir().unwrap();
        tree.write(written.path()).unwrap();
        let header = include(&written).join("shared/ntdef.h");
        assert_eq!(fs::read_to_string(header).unwrap(), "shared");
    }

    #[test]
    fn what_is_no_wdk_is_refused_in_a_sentence() {
        assert!(refusal(&["x"]).contains("is no WDK"));
        assert!(refusal(&["Include/10.0.26100.0/um/windows.h"]).contains("is no WDK"));
        assert!(refusal(&["Include/new/km/wdm.h"]).contains("is no WDK"));
        let half = refusal(&["Include/10.0.26100.0/km/wdm.h"]);
        assert!(half.contains("Microsoft.Windows.SDK.CPP"), "{half}");
        assert!(Wdk::open(Path::new("/nonexistent")).is_err());
    }

    #[test]
    fn a_header_has_every_name_by_which_it_is_included() {
        let wdk = directory(&[
            "Include/10.0.1.0/km/wdm.h=#include <NtDef.h>\r\n # include \"SYS\\POPPACK.H\"\r\n",
            "Include/10.0.1.0/km/NTDDK.H=#include <wdm.h>",
            "Include/10.0.1.0/shared/ntdef.h=definitions",
            "Include/10.0.1.0/shared/sys/poppack.h=pop",
        ]);
        let mut tree = Tree::default();
        Wdk::open(wdk.path())
            .unwrap()
            .add_headers(&mut tree)
            .unwrap();
        let written = tempfile::tempdir().unwrap();
        tree.write(written.path()).unwrap();
        let read = |path: &str| fs::read_to_string(include(&written).join(path)).unwrap();
        assert_eq!(read("shared/NtDef.h"), "definitions");
        assert_eq!(read("shared/ntdef.h"), "definitions");
        assert_eq!(read("shared/sys/POPPACK.H"), "pop");
        assert!(!include(&written).join("km/WDM.H").exists());
    }

    #[test]
    fn libraries_are_linked_by_the_names_that_the_linker_gets() {
        let wdk = directory(&[
            "Include/10.0.1.0/km/wdm.h",
            "Include/10.0.1.0/shared/ntdef.h",
            "Lib/10.0.1.0/km/x64/NtosKrnl.lib=kernel",
            "Lib/10.0.1.0/km/x64/readme.txt",
        ]);
        let wdk = Wdk::open(wdk.path()).unwrap();
        let mut tree = Tree::default();
        assert!(wdk.add_libraries(&mut tree, "x64").unwrap());
        assert!(!wdk.add_libraries(&mut tree, "ARM64").unwrap());
        let written = tempfile::tempdir().unwrap();
        // Two links and the list of sources.
        assert_eq!(tree.write(written.path()).unwrap(), 3);
        let libraries = written.path().join("Lib").join(VERSION).join("km/x64");
        let library = fs::read_to_string(libraries.join("ntoskrnl.lib"));
        assert_eq!(library.unwrap(), "kernel");
    }
}
