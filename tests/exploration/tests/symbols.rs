//! The PDB and the MAP of the package name the functions of csq.sys, and the PDB its lines and atomic accesses.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ntsim::Settings;
use ntsim::image::Place;
use ntsim::machine::{self, Machine};

/// csq.sys with these files beside it.
fn install(test: &str, beside: &[&str]) {
    let package = Path::new("../../target/package");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(&folder).expect("a folder");
    for name in ["csq.sys"].iter().chain(beside) {
        let copied = fs::copy(package.join(name), folder.join(name));
        copied.unwrap_or_else(|_| panic!("no {name}; `cargo make` builds it"));
    }
    let path = folder.join("csq.sys");
    let bytes = fs::read(&path).expect("the driver");
    Machine::install(&bytes, &path, Settings::default()).expect("a driver");
}

/// The place of each address in the code, and whether it is an atomic access.
fn places() -> Vec<(Place, bool)> {
    machine::with(|machine| {
        let image = &machine.image;
        let code = image.code().flatten();
        code.map(|address| (image.place(address), image.is_atomic(address)))
            .collect()
    })
}

fn functions(places: &[(Place, bool)]) -> BTreeSet<(usize, &str)> {
    let names = places.iter().filter_map(|(place, _)| {
        let (name, within) = place.function.as_ref()?;
        Some((place.offset - within, name.as_str()))
    });
    names
        .filter(|(_, name)| !name.contains(['<', '$']))
        .collect()
}

#[test]
fn map_and_pdb_say_the_same() {
    install("map", &["csq.map"]);
    let by_map = places();
    install("pdb", &["csq.pdb"]);
    let by_pdb = places();
    let (map, pdb) = (functions(&by_map), functions(&by_pdb));
    assert!(map.iter().any(|(_, name)| *name == "DriverEntry"));
    assert!(map.intersection(&pdb).count() > 10, "{pdb:?}");
    // What has arguments in the PDB has not in the map.
    for (offset, name) in &pdb {
        let mut own = map.iter().filter(|(its, _)| its == offset);
        assert!(own.all(|(_, own)| own == name), "{offset:#x}: {name}");
    }
    assert!(
        by_map
            .iter()
            .all(|(place, atomic)| place.source.is_none() && !atomic)
    );
    let lines = by_pdb.iter().filter_map(|(place, _)| place.source.as_ref());
    assert!(lines.clone().count() > 1000);
    assert!(
        lines
            .clone()
            .any(|(file, line)| file.ends_with("callbacks.rs") && *line > 0)
    );
    // What sessions want of the events is written and read without a lock.
    let mut atomics = by_pdb.iter().filter(|(_, atomic)| *atomic);
    assert!(atomics.any(|(place, _)| {
        let name = place.function.as_ref().map(|(name, _)| name.as_str());
        name.is_some_and(|name| name.ends_with("write_wanted"))
    }));
}

#[test]
fn the_pdb_of_another_build_is_none() {
    install("other", &["csq.pdb"]);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("other");
    let mut pdb = fs::read(folder.join("csq.pdb")).expect("the PDB");
    let driver = fs::read(folder.join("csq.sys")).expect("the driver");
    // The GUID behind "RSDS" in the image is in the PDB, too.
    let at = driver
        .windows(4)
        .position(|it| it == b"RSDS")
        .expect("a debug directory")
        + 4;
    let guid = &driver[at..at + 16];
    let own = pdb
        .windows(16)
        .position(|it| it == guid)
        .expect("the same GUID");
    pdb[own] ^= 0xff;
    fs::write(folder.join("csq.pdb"), pdb).expect("a file");
    let path = folder.join("csq.sys");
    Machine::install(&driver, &path, Settings::default()).expect("a driver");
    assert!(places().iter().all(|(place, _)| place.function.is_none()));
}
