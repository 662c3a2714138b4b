//! `ntsim routines`: what of the kernel a driver can call.

use std::path::PathBuf;

use clap::Args;

use super::{CLEAN, Driver, refuse};
use crate::ddi::{self, Kind};
use crate::image::Plan;

/// The arguments of `routines`.
#[derive(Debug, Args)]
pub struct Routines {
    /// Only what this driver imports.
    driver: Option<PathBuf>,
}

const fn word(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Modelled) => "modelled",
        Some(Kind::Trivial) => "trivial",
        Some(Kind::Data) => "variable",
        None => "missing",
    }
}

impl Routines {
    /// Prints the list and returns the exit code.
    pub fn execute(&self) -> u8 {
        let (names, own) = match self.names() {
            Ok(names) => names,
            Err(sentence) => return refuse(&sentence),
        };
        let mut counts = [0usize; 4];
        for name in &names {
            let kind = ddi::kind(name);
            let index = match kind {
                Some(Kind::Modelled) => 0,
                Some(Kind::Trivial) => 1,
                Some(Kind::Data) => 2,
                None => 3,
            };
            if let Some(count) = counts.get_mut(index) {
                *count += 1;
            }
            println!("{:9} {name}", word(kind));
        }
        let [modelled, trivial, variables, missing] = counts;
        println!(
            "{modelled} modelled, {trivial} trivial, {variables} variables, {missing} missing"
        );
        if own && missing != 0 {
            println!(
                "A call of one that is missing ends a run with the finding unresolved-import; else it does no harm."
            );
        }
        CLEAN
    }

    /// The names, and whether they are of one driver.
    fn names(&self) -> Result<(Vec<String>, bool), String> {
        let mut names: Vec<String> = match &self.driver {
            Some(path) => {
                let driver = Driver::read(path)?;
                let plan = Plan::parse(&driver.bytes)
                    .map_err(|error| format!("{} cannot be loaded: {error}", path.display()))?;
                plan.imports.into_iter().map(|import| import.name).collect()
            }
            None => ddi::names()
                .chain(ddi::data::names())
                .map(str::to_owned)
                .collect(),
        };
        names.sort_unstable();
        names.dedup();
        Ok((names, self.driver.is_some()))
    }
}
