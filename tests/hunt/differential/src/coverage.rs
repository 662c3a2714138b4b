//! Which instructions of csq.sys have been executed, of those that the kernel can reach: all in the
//! functions that the call graph of crate `binary` leads to, but for the padding.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use binary::Image;
use binary::declared::Declared;
use binary::map::Map;
use iced_x86::{Instruction, Mnemonic, Register};

thread_local! {
    static WATCHED: RefCell<BTreeSet<usize>> = const { RefCell::new(BTreeSet::new()) };
}

/// The instructions that can be reached, by the function's name: offsets in the image.
pub type Reachable = BTreeMap<String, BTreeSet<usize>>;

/// Reads csq.sys and the csq.map beside it.
///
/// # Errors
/// One of them cannot be read, or they do not go together.
pub fn reachable(driver: &Path) -> Result<Reachable> {
    let bytes = std::fs::read(driver)
        .with_context(|| format!("cannot read {}; `cargo make` builds it", driver.display()))?;
    let map = driver.with_extension("map");
    let map = std::fs::read_to_string(&map)
        .map_err(Into::into)
        .and_then(|text| Map::parse(&text))
        .with_context(|| format!("cannot read {}; `cargo make` writes it", map.display()))?;
    let image = Image::new(&bytes, map, Declared(BTreeSet::new()))?;
    let code = image.code().map_err(|error| anyhow!(error))?;
    let base = image.base();
    let mut reachable = Reachable::new();
    for function in code.reachable() {
        let instructions = &function.instructions;
        let stops = stops(instructions);
        let counts = |it: &Instruction| {
            // Padding: `int 3` and what does nothing.
            !matches!(it.mnemonic(), Mnemonic::Int3 | Mnemonic::Nop) && !stops.contains(&it.ip())
        };
        let real = instructions.iter().filter(|it| counts(it));
        let offsets = real.filter_map(|it| usize::try_from(it.ip().checked_sub(base)?).ok());
        let own = reachable.entry(function.name().to_owned()).or_default();
        own.extend(offsets);
    }
    Ok(reachable)
}

/// Where the system is stopped because a list was overwritten: `__fastfail`, the code that it is given, and what the
/// compiler puts behind it. No run that is right comes there.
fn stops(instructions: &[Instruction]) -> BTreeSet<u64> {
    let fast_fail = |it: &Instruction| it.mnemonic() == Mnemonic::Int && it.immediate8() == 0x29;
    let of_one = |window: &[Instruction]| match window {
        [code, stop, end] if fast_fail(stop) => {
            let code = (code.op0_register() == Register::ECX).then(|| code.ip());
            let end = (end.mnemonic() == Mnemonic::Ud2).then(|| end.ip());
            [code, Some(stop.ip()), end].into_iter().flatten().collect()
        }
        _ => Vec::new(),
    };
    instructions.windows(3).flat_map(of_one).collect()
}

/// Watches these instructions on this OS thread, in every machine that it loads from now on.
pub fn begin(reachable: &Reachable) {
    let all = reachable.values().flatten().copied().collect();
    WATCHED.set(all);
}

/// Watches them in a machine that was just loaded.
pub(crate) fn watch() {
    WATCHED.with_borrow(|watched| {
        if !watched.is_empty() {
            ntsim::coverage::watch(watched);
        }
    });
}

/// What has not been executed.
#[must_use]
pub fn missed(reachable: &Reachable) -> Reachable {
    let reached = ntsim::coverage::reached();
    let mut missed = reachable.clone();
    for own in missed.values_mut() {
        own.retain(|offset| !reached.contains(offset));
    }
    missed.retain(|_, own| !own.is_empty());
    missed
}
