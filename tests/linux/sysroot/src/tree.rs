//! The files to be, and the step that makes a directory consist of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Names the source of every file. It also marks a directory as one that this program may empty.
const SOURCES: &str = "SOURCES.txt";

/// A directory's content, by path relative to it.
#[derive(Clone, Default)]
pub struct Tree {
    files: BTreeMap<PathBuf, File>,
}

#[derive(Clone)]
struct File {
    content: Content,
    source: String,
}

#[derive(Clone)]
enum Content {
    Bytes(Vec<u8>),
    /// A symbolic link to this.
    Link(PathBuf),
}

impl Tree {
    /// Adds the file at `path`; `source` says in a line where its content comes from.
    pub fn add(&mut self, path: PathBuf, content: Vec<u8>, source: String) {
        let content = Content::Bytes(content);
        self.files.insert(path, File { content, source });
    }

    /// The files that are no links, by their paths.
    pub fn contents_mut(&mut self) -> impl Iterator<Item = (&Path, &mut Vec<u8>)> {
        self.files
            .iter_mut()
            .filter_map(|(path, file)| match &mut file.content {
                Content::Bytes(content) => Some((path.as_path(), content)),
                Content::Link(_) => None,
            })
    }

    /// Adds a symbolic link to `target` at `path`, if nothing is there; `source` as for [`add`](Self::add).
    pub fn link(&mut self, path: PathBuf, target: PathBuf, source: String) {
        let content = Content::Link(target);
        self.files.entry(path).or_insert(File { content, source });
    }

    /// Makes `directory` consist of these files, and returns how many it had to write or remove.
    ///
    /// # Errors
    ///
    /// `directory` cannot be read or written, or holds files and no `SOURCES.txt`: then it was not
    /// made by this program.
    pub fn write(mut self, directory: &Path) -> Result<usize> {
        let present = files_below(directory)?;
        let sources = directory.join(SOURCES);
        ensure!(
            present.is_empty() || present.contains(&sources),
            "{} was not made by this program; name another directory or remove it",
            directory.display()
        );
        let list = self.sources();
        self.add(SOURCES.into(), list.into_bytes(), String::new());

        let mut changed = 0;
        for path in &present {
            if !path
                .strip_prefix(directory)
                .is_ok_and(|path| self.files.contains_key(path))
            {
                fs::remove_file(path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
                changed += 1;
                remove_empty(path.parent(), directory);
            }
        }
        for (path, file) in &self.files {
            let path = directory.join(path);
            changed += usize::from(match &file.content {
                Content::Bytes(content) => write_if_different(&path, content)?,
                Content::Link(target) => link_if_different(&path, target)?,
            });
        }
        Ok(changed)
    }

    fn sources(&self) -> String {
        let mut list =
            String::from("# Written by tests/linux/sysroot. File: where it comes from.\n");
        for (path, file) in &self.files {
            let _ = writeln!(list, "{}: {}", path.display(), file.source);
        }
        list
    }
}

/// Removes `path` and the directories around it, as far as they are empty and in `root`: wdk-build takes
/// any directory with the name of a version for that version.
fn remove_empty(path: Option<&Path>, root: &Path) {
    let mut path = path;
    while let Some(directory) = path
        && directory != root
        && fs::remove_dir(directory).is_ok()
    {
        path = directory.parent();
    }
}

/// Whether it had to write.
fn write_if_different(path: &Path, content: &[u8]) -> Result<bool> {
    // Writing to a link would write to the file of somebody else that it leads to.
    let link = path.is_symlink();
    if !link && fs::read(path).is_ok_and(|present| present == content) {
        return Ok(false);
    }
    create_parent(path)?;
    if link {
        fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))?;
    let is_script = path.extension().is_some_and(|extension| extension == "sh");
    let is_program = path.parent().is_some_and(|parent| parent.ends_with("bin"));
    if is_script || is_program {
        /// Cargo, rustc and build scripts run it.
        const EXECUTABLE: u32 = 0o755;
        fs::set_permissions(path, Permissions::from_mode(EXECUTABLE))
            .with_context(|| format!("cannot make {} executable", path.display()))?;
    }
    Ok(true)
}

/// Whether it had to link.
fn link_if_different(path: &Path, target: &Path) -> Result<bool> {
    if fs::read_link(path).is_ok_and(|present| present == target) {
        return Ok(false);
    }
    create_parent(path)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => symlink(target, path),
    }
    .with_context(|| format!("cannot make the link {}", path.display()))?;
    Ok(true)
}

fn create_parent(path: &Path) -> Result<()> {
    let parent = path.parent().context("a file is in a directory")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))
}

/// Every file in `directory` and below; none if there is no such directory.
pub fn files_below(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("cannot read {}", directory.display()))?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (path, content) in files {
            tree.add(
                path.into(),
                content.as_bytes().to_vec(),
                format!("from {content}"),
            );
        }
        tree
    }

    #[test]
    fn a_directory_that_is_right_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let files = [("a", "1"), ("b/c", "2")];
        assert_eq!(tree(&files).write(directory.path()).unwrap(), 3);
        let written = fs::metadata(directory.path().join("a")).unwrap().modified();
        assert_eq!(tree(&files).write(directory.path()).unwrap(), 0);
        let kept = fs::metadata(directory.path().join("a")).unwrap().modified();
        assert_eq!(written.unwrap(), kept.unwrap());
    }

    #[test]
    fn what_is_wrong_is_written_and_what_is_too_much_removed() {
        let directory = tempfile::tempdir().unwrap();
        tree(&[("a", "1"), ("b/c", "2")])
            .write(directory.path())
            .unwrap();
        // Both files, and the list of sources.
        assert_eq!(tree(&[("a", "3")]).write(directory.path()).unwrap(), 3);
        assert_eq!(fs::read_to_string(directory.path().join("a")).unwrap(), "3");
        assert!(!directory.path().join("b").exists());
    }

    #[test]
    fn a_link_is_replaced_and_never_written_through() {
        let elsewhere = tempfile::tempdir().unwrap();
        let precious = elsewhere.path().join("precious");
        fs::write(&precious, "precious").unwrap();
        let directory = tempfile::tempdir().unwrap();
        let linked = || {
            let mut tree = tree(&[]);
            tree.link("a".into(), precious.clone(), String::new());
            tree
        };
        assert_eq!(linked().write(directory.path()).unwrap(), 2);
        assert_eq!(linked().write(directory.path()).unwrap(), 0);
        let path = directory.path().join("a");
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
        // The same content as well: a link to it is not the file.
        for content in ["precious", "mine"] {
            linked().write(directory.path()).unwrap();
            tree(&[("a", content)]).write(directory.path()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert!(!path.is_symlink());
        }
        linked().write(directory.path()).unwrap();
        assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    }

    #[test]
    fn the_source_of_every_file_is_listed() {
        let directory = tempfile::tempdir().unwrap();
        tree(&[("a", "1"), ("b/c", "2")])
            .write(directory.path())
            .unwrap();
        let sources = fs::read_to_string(directory.path().join(SOURCES)).unwrap();
        assert!(sources.ends_with("\na: from 1\nb/c: from 2\n"), "{sources}");
    }

    #[test]
    fn files_of_somebody_else_are_not_removed() {
        let directory = tempfile::tempdir().unwrap();
        let precious = directory.path().join("precious");
        fs::write(&precious, "").unwrap();
        assert!(tree(&[("a", "1")]).write(directory.path()).is_err());
        assert!(precious.exists());
    }
}
