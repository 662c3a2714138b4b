//! Shows where each rule of the contract is tested, and fails if one is tested nowhere.
//!
//! The rules are the table of `rules.md`; `excused.md` has those that no host here can show. A rule
//! counts as tested where a test names its id: see [`evidence`].

mod evidence;
mod rules;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use serde::Serialize;

use crate::evidence::Place;
use crate::rules::Id;

/// Shows where each rule of the contract is tested. Exits with 1 if one is tested nowhere and not
/// excused, or if something names a rule that does not exist.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// The checkout to look at.
    #[arg(long, default_value = ".")]
    root: PathBuf,
}

/// What is known of one rule.
#[derive(Serialize)]
struct Row {
    rule: String,
    tested_in: Vec<Place>,
    excused: Option<String>,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let directory = arguments.root.join("tests/contract");
    let statements = rules::table(&directory.join("rules.md"))?;
    let mut excuses = rules::table(&directory.join("excused.md"))?;
    let mut places = evidence::collect(&arguments.root).context("looking for tests")?;

    let mut complaints = Vec::new();
    let mut rows = BTreeMap::new();
    for (id, rule) in statements {
        let tested_in = places.remove(&id).unwrap_or_default();
        let excuse = excuses.remove(&id);
        match (tested_in.is_empty(), excuse.is_some()) {
            (true, false) => complaints.push(format!("{id} is tested nowhere: {rule}")),
            (false, true) => {
                complaints.push(format!("{id} is excused and tested; drop the excuse"));
            }
            _ => {}
        }
        let row = Row {
            rule,
            tested_in,
            excused: excuse,
        };
        rows.insert(id, row);
    }
    complaints.extend(
        excuses
            .keys()
            .map(|id| format!("{id} is excused, but no rule")),
    );
    complaints.extend(
        places
            .iter()
            .flat_map(|(id, places)| places.iter().map(move |place| (id, place)))
            .map(|(id, place)| format!("{id}, named in {place}, is no rule")),
    );

    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    } else {
        print_table(&rows);
    }
    for complaint in &complaints {
        eprintln!("contract: {complaint}");
    }
    Ok(ExitCode::from(u8::from(!complaints.is_empty())))
}

fn print_table(rows: &BTreeMap<Id, Row>) {
    for (id, row) in rows {
        let place = match (row.tested_in.as_slice(), &row.excused) {
            ([], Some(reason)) => format!("excused: {reason}"),
            ([], None) => "NOWHERE".to_owned(),
            ([only], _) => only.to_string(),
            ([first, rest @ ..], _) => format!("{first} and {} more", rest.len()),
        };
        println!("{:<7} {place}", id.to_string());
    }
    let excused = rows.values().filter(|row| row.excused.is_some()).count();
    println!("{} rules, {excused} of them excused", rows.len());
}
