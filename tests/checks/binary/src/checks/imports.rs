//! Rules about what the image imports.

use std::collections::BTreeSet;

use super::Outcome;
use crate::Image;
use crate::declared::{ADDED, FOR_OTHERS};

/// What a driver may import from: the kernel and the hardware abstraction layer.
const MODULES: [&str; 2] = ["ntoskrnl.exe", "hal.dll"];

/// The most routines that the driver may import.
const MOST: usize = 44;

/// Only the kernel's modules.
pub fn modules(image: &Image<'_>) -> Outcome {
    let modules: BTreeSet<&str> = image
        .imports
        .iter()
        .map(|import| import.module.as_str())
        .collect();
    for module in &modules {
        if !MODULES.iter().any(|name| name.eq_ignore_ascii_case(module)) {
            return Err(format!(
                "it imports from {module}: a driver has {} only",
                MODULES.join(" and ")
            ));
        }
    }
    Ok(modules.into_iter().collect::<Vec<_>>().join(" "))
}

/// Exactly what the sources announce. So none of what a driver must not call is there: the cancel
/// spin lock (INV-55), what Windows 10 does not export (TR-53), a second way to take a spin lock (TR-54).
pub fn exact(image: &Image<'_>) -> Outcome {
    let declared = &image.declared.0;
    let imported: BTreeSet<&str> = image
        .imports
        .iter()
        .map(|import| import.name.as_str())
        .collect();
    let added = |name: &str| ADDED.iter().any(|(added, _)| *added == name);

    let unannounced = list(
        imported
            .iter()
            .copied()
            .filter(|name| !declared.contains(*name) && !added(name)),
    );
    if !unannounced.is_empty() {
        return Err(format!(
            "{unannounced}: imported, but src/wdm/src/sys.rs does not name it. Name it there, or, if a crate \
             of Microsoft's or the compiler adds it, with the reason in tests/checks/binary/src/declared.rs"
        ));
    }
    let unused = list(
        declared
            .iter()
            .map(String::as_str)
            .filter(|name| !imported.contains(name) && !FOR_OTHERS.contains(name)),
    );
    if !unused.is_empty() {
        return Err(format!(
            "{unused}: named in src/wdm/src/sys.rs, but not imported. Remove it there if nothing \
             calls it, or, if a driver in tests/drivers does, name it in FOR_OTHERS of tests/checks/binary/src/declared.rs"
        ));
    }
    let superfluous = list(
        FOR_OTHERS
            .into_iter()
            .filter(|name| imported.contains(name)),
    );
    if !superfluous.is_empty() {
        return Err(format!(
            "{superfluous}: imported, so it is not for other drivers only. Remove it from FOR_OTHERS of \
             tests/checks/binary/src/declared.rs"
        ));
    }
    let extra = list(
        imported
            .iter()
            .copied()
            .filter(|name| !declared.contains(*name)),
    );
    let own = declared.len() - FOR_OTHERS.len();
    Ok(format!("the {own} of sys.rs that csq calls, and {extra}"))
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// Not too many: what the driver needs of the kernel is to be read at a glance.
pub fn number(image: &Image<'_>) -> Outcome {
    let number = image.imports.len();
    if number > MOST {
        return Err(format!(
            "{number} imports, more than {MOST}: do without some, or say in tests/checks/binary/README.md why not and \
             raise the limit here"
        ));
    }
    Ok(format!("{number} of at most {MOST} imports"))
}
