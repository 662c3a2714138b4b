//! The disk with the bundle: one partition with a FAT file system, which every Windows mounts.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use anyhow::{Context, Result};

/// Bytes of a sector.
const SECTOR: usize = 512;
/// Where the partition begins, in sectors.
const START: u32 = 2048;
/// The size of the partition, in sectors: 32 MiB.
const LENGTH: u32 = 65_536;
/// Its type: FAT16.
const TYPE: u8 = 0x0e;

/// The image of a disk with these files, whose volume is called `name`: letters, at most eleven.
///
/// # Errors
///
/// They do not fit, or a name is none.
pub fn image(name: &str, files: &[(String, Vec<u8>)]) -> Result<Vec<u8>> {
    let mut image = boot_record(name);
    image.resize(usize::try_from(START)? * SECTOR, 0);
    image.extend(partition(name, files)?);
    Ok(image)
}

/// The files of the directories, by name. A later directory's file replaces an earlier one's.
///
/// # Errors
///
/// One of them cannot be read.
pub fn files(directories: &[&Path]) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = std::collections::BTreeMap::new();
    for directory in directories {
        let entries = fs::read_dir(directory)
            .with_context(|| format!("there is nothing in {}", directory.display()))?;
        for entry in entries {
            let path = entry?.path();
            if let (true, Some(name)) = (path.is_file(), path.file_name()) {
                let contents =
                    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                files.insert(name.to_string_lossy().into_owned(), contents);
            }
        }
    }
    Ok(files.into_iter().collect())
}

/// A script for the machine that trusts the package's certificate and installs the package.
#[must_use]
pub fn install_script(files: &[(String, Vec<u8>)]) -> Option<String> {
    let with = |extension: &str| {
        let found = files.iter().find(|(name, _)| name.ends_with(extension));
        found.map(|(name, _)| name.as_str())
    };
    let (inf, certificate) = (with(".inf")?, with(".cer")?);
    let lines = [
        "@echo off",
        "rem As administrator, on a machine with bcdedit /set testsigning on.",
        "cd /d %~dp0",
        &format!("certutil -addstore Root {certificate} || exit /b 1"),
        &format!("certutil -addstore TrustedPublisher {certificate} || exit /b 1"),
        &format!("pnputil /add-driver {inf} /install"),
        "",
    ];
    Some(lines.join("\r\n"))
}

fn partition(name: &str, files: &[(String, Vec<u8>)]) -> Result<Vec<u8>> {
    let size = usize::try_from(LENGTH)? * SECTOR;
    let mut bytes = vec![0; size];
    let mut label = [b' '; 11];
    label
        .iter_mut()
        .zip(name.bytes())
        .for_each(|(to, from)| *to = from);
    let options = fatfs::FormatVolumeOptions::new()
        .fat_type(fatfs::FatType::Fat16)
        .volume_label(label);
    fatfs::format_volume(Cursor::new(&mut bytes), options)?;
    let volume = fatfs::FileSystem::new(Cursor::new(&mut bytes), fatfs::FsOptions::new())?;
    for (name, contents) in files {
        volume
            .root_dir()
            .create_file(name)
            .and_then(|mut file| file.write_all(contents))
            .with_context(|| format!("cannot put {name} on the disk"))?;
    }
    volume.unmount()?;
    Ok(bytes)
}

/// A master boot record with one partition and no code.
fn boot_record(name: &str) -> Vec<u8> {
    let mut entry = vec![0; 4];
    entry.push(TYPE);
    entry.extend([0; 3]);
    entry.extend(START.to_le_bytes());
    entry.extend(LENGTH.to_le_bytes());
    // The disk's signature, without which Windows writes one, then the table.
    let mut record = vec![0; 440];
    record.extend(name.bytes().chain(*b"1111").take(4));
    record.extend([0; 2]);
    record.extend(entry);
    record.resize(510, 0);
    record.extend([0x55, 0xaa]);
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_is_put_on_it_is_on_it() {
        let files = [
            ("run.cmd".to_owned(), b"@echo off\r\n".to_vec()),
            ("a long name.txt".to_owned(), vec![7; 100_000]),
        ];
        let image = image("CSQ", &files).unwrap();
        assert_eq!(image.get(510..512), Some(&[0x55, 0xaa][..]));
        let volume = image
            .get(usize::try_from(START).unwrap() * SECTOR..)
            .unwrap();
        let volume =
            fatfs::FileSystem::new(Cursor::new(volume.to_vec()), fatfs::FsOptions::new()).unwrap();
        assert_eq!(volume.volume_label(), "CSQ");
        for (name, contents) in files {
            let mut read = Vec::new();
            let mut file = volume.root_dir().open_file(&name).unwrap();
            file.read_to_end(&mut read).unwrap();
            assert_eq!(read, contents);
        }
    }

    #[test]
    fn what_is_too_much_is_refused() {
        assert!(image("CSQ", &[("large".to_owned(), vec![0; 64 << 20])]).is_err());
    }
}
