//! Mutation testing of the driver: cargo-mutants lists changes of its sources, each is built into a
//! csq.sys of its own, and the judges of `judges.txt` have to find it.
//!
//! cargo-mutants' own way, `cargo test` in a changed tree, does not fit a driver: what is tested here
//! is the built csq.sys, and by programs that are not changed with it.
//!
//! | module | what it is |
//! |---|---|
//! | `listing`, `mutant` | which mutants there are; in unsafe functions as well |
//! | `tree` | where they are built, with the profile of the shipped driver |
//! | `same` | whether a mutant is another driver at all |
//! | `judge` | what finds them |
//! | `record` | what became of them |

mod judge;
mod listing;
mod mutant;
mod record;
mod same;
mod tree;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Parser;
use clap::error::ContextKind;
use indicatif::{ProgressBar, ProgressStyle};

use judge::{Judge, Verdict};
use mutant::Mutant;
use record::{Count, Outcome, Record, Records};
use tree::Tree;

/// Builds mutants of csq.sys and has the tests find them.
///
/// A mutant that was judged is not judged again while the driver's sources are the same. Exit codes: 0
/// all that were judged are found or explained, 1 some are not, 2 bad arguments or something is missing.
#[derive(Parser)]
#[command(version, args_override_self = true)]
struct Arguments {
    /// Only mutants with this in their name, such as a file, a function or a line: `csq/peek.rs:65:`
    #[arg(default_value = "")]
    filter: String,
    /// Only the K-th of every N mutants, as K/N; shards can run at the same time
    #[arg(long, value_name = "K/N", default_value = "1/1")]
    shard: Shard,
    /// Only mutants of functions that have changed since this commit
    #[arg(long, value_name = "COMMIT")]
    in_diff: Option<String>,
    /// Begins no mutant after so many minutes, and says how many are left
    #[arg(long, value_name = "MINUTES")]
    at_most: Option<u64>,
    /// Judges those again that were missed or did not end
    #[arg(long)]
    again: bool,
    /// Judges nothing: shows what is known
    #[arg(long)]
    report: bool,
    /// Shows it as JSON, a line for each mutant
    #[arg(long)]
    json: bool,
}

/// A part of the mutants.
#[derive(Clone, Copy)]
struct Shard {
    number: usize,
    of: usize,
}

impl FromStr for Shard {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "a shard is given as 1/2";
        let (number, of) = text.split_once('/').ok_or(FORM)?;
        let (number, of) = (
            number.parse().map_err(|_| FORM)?,
            of.parse().map_err(|_| FORM)?,
        );
        if 1 <= number && number <= of {
            Ok(Self { number, of })
        } else {
            Err(FORM)
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::try_parse().unwrap_or_else(|mut error| {
        // An unknown option is no name either: clap's advice to write `-- --option` helps nobody.
        error.remove(ContextKind::Suggested);
        error.exit()
    });
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("mutation: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let root = &env::current_dir()?;
    ensure!(
        root.join("tests/hunt/mutation/judges.txt").is_file(),
        "{} is no checkout of csq; `cargo make test mutation` runs this program in one",
        root.display()
    );
    if let Some(base) = &arguments.in_diff {
        // Without cargo-mutants, which is not to be needed for nothing.
        if listing::difference(root, base)?.is_empty() {
            println!("mutation: src is as it was in {base}: no mutant was judged.");
            return Ok(ExitCode::SUCCESS);
        }
    }
    let work = root.join("target/mutation");
    let Shard { number, of } = arguments.shard;
    let shard = work.join(format!("{number}-{of}"));
    let mut mutants = listing::all(root, &shard.join("listed"))?;
    let explained = record::explained(&root.join("tests/hunt/mutation/explained.md"))?;
    let known: Vec<&str> = mutants.iter().map(|mutant| mutant.key.as_str()).collect();
    for key in explained
        .keys()
        .filter(|key| !known.contains(&key.as_str()))
    {
        println!("mutation: explained.md explains what is no mutant (any more): {key}");
    }
    if let Some(base) = &arguments.in_diff {
        mutants = listing::changed(root, base, mutants)?;
    }
    mutants.retain(|mutant| mutant.name.contains(&arguments.filter));
    let mutants: Vec<Mutant> = mutants
        .into_iter()
        .enumerate()
        .filter_map(|(index, mutant)| (index % of == number - 1).then_some(mutant))
        .collect();

    let mut hasher = DefaultHasher::new();
    hasher.write(&listing::sources(root)?);
    let sources = hasher.finish();
    let file = format!("{number}-{of}.jsonl");
    let mut records = Records::read(&work.join("results"), &file, sources)?;
    if !arguments.report {
        let open: Vec<&Mutant> = mutants
            .iter()
            .filter(
                |mutant| match records.get(&mutant.key).map(|it| &it.outcome) {
                    None => true,
                    Some(Outcome::Missed | Outcome::Endless { .. }) => arguments.again,
                    Some(_) => false,
                },
            )
            .collect();
        judge_all(arguments, root, &shard, &open, sources, &mut records)?;
    }
    Ok(report(arguments, &mutants, &records, &explained))
}

/// Says what became of the mutants.
fn report(
    arguments: &Arguments,
    mutants: &[Mutant],
    records: &Records,
    explained: &BTreeMap<String, String>,
) -> ExitCode {
    let judged: Vec<&Record> = mutants
        .iter()
        .filter_map(|mutant| records.get(&mutant.key))
        .collect();
    if arguments.json {
        for record in &judged {
            if let Ok(line) = serde_json::to_string(record) {
                println!("{line}");
            }
        }
    } else {
        print!("{}", record::table(&judged, explained));
    }
    let left = mutants.len() - judged.len();
    if left != 0 {
        eprintln!(
            "mutation: {left} of {} mutants are not judged yet.",
            mutants.len()
        );
    }
    let mut count = Count::default();
    for record in &judged {
        count.add(&record.outcome, explained.contains_key(&record.key));
    }
    ExitCode::from(u8::from(count.missed + count.endless != 0))
}

fn judge_all(
    arguments: &Arguments,
    root: &Path,
    shard: &Path,
    mutants: &[&Mutant],
    sources: u64,
    records: &mut Records,
) -> Result<()> {
    if mutants.is_empty() {
        return Ok(());
    }
    let begin = Instant::now();
    let bar = ProgressBar::new(mutants.len() as u64);
    bar.set_style(ProgressStyle::with_template(
        "{wide_bar} {pos}/{len}, {eta} left: {msg}",
    )?);
    bar.set_message("the driver as it is");
    let mut bench = Bench::new(root, shard)?;
    let commit = commit(root)?;
    for mutant in mutants {
        let limit = arguments.at_most.map(Duration::from_mins);
        if limit.is_some_and(|limit| begin.elapsed() >= limit) {
            break;
        }
        bar.set_message(mutant.name.clone());
        let start = Instant::now();
        let outcome = bench.outcome(mutant)?;
        if !matches!(
            outcome,
            Outcome::Caught { .. } | Outcome::Unviable { .. } | Outcome::Same
        ) {
            bar.suspend(|| eprintln!("{}: {outcome:?}", mutant.name));
        }
        records.add(Record {
            key: mutant.key.clone(),
            name: mutant.name.clone(),
            outcome,
            seconds: start.elapsed().as_secs_f64(),
            commit: commit.clone(),
            sources,
        })?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// The last commit that changed the driver, and whether it has changed since.
fn commit(root: &Path) -> Result<String> {
    let git = |arguments: &[&str]| -> Result<String> {
        let output = Command::new("git")
            .args(arguments)
            .args(["--", "src"])
            .current_dir(root)
            .output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let mut name = git(&["log", "-1", "--format=%h"])?;
    if !git(&["status", "--porcelain"])?.is_empty() {
        name.push_str("-changed");
    }
    Ok(name)
}

/// Builds the programs that `judges.txt` names.
fn build_judges(root: &Path) -> Result<()> {
    let status = Command::new("cargo")
        .args(["build", "--profile", "host"])
        .args([
            "--package",
            "ntsim",
            "--package",
            "exploration",
            "--package",
            "bench",
            "--package",
            "binary",
        ])
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "the judges do not build");
    Ok(())
}

/// Where mutants are built and judged.
struct Bench {
    tree: Tree,
    directory: PathBuf,
    judges: Vec<Judge>,
    /// The unchanged driver.
    contents: Vec<u8>,
}

impl Bench {
    /// Builds the driver as it is, which all judges have to pass.
    fn new(root: &Path, shard: &Path) -> Result<Self> {
        build_judges(root)?;
        let tree = Tree::new(root, shard.join("tree"))?;
        let directory = shard.join("judged");
        tree.build()?
            .map_err(|error| anyhow::anyhow!("the driver does not build: {error}"))?;
        let driver = tree.deliver(&directory)?;
        let mut judges = judge::read(
            &root.join("tests/hunt/mutation/judges.txt"),
            &root.join("target/host"),
        )?;
        for judge in &mut judges {
            judge.calibrate(&driver, &directory)?;
        }
        let contents = same::contents(&fs::read(&driver)?)?;
        Ok(Self {
            tree,
            directory,
            judges,
            contents,
        })
    }

    fn outcome(&mut self, mutant: &Mutant) -> Result<Outcome> {
        self.tree.mutate(mutant)?;
        let built = self.tree.build();
        self.tree.restore(mutant)?;
        if let Err(error) = built? {
            return Ok(Outcome::Unviable { error });
        }
        let driver = self.tree.deliver(&self.directory)?;
        if same::contents(&fs::read(&driver)?)? == self.contents {
            return Ok(Outcome::Same);
        }
        for judge in &self.judges {
            let name = judge.name.clone();
            match judge.judge(&driver, &self.directory)? {
                Verdict::Nothing => {}
                Verdict::Found(by) => return Ok(Outcome::Caught { judge: name, by }),
                Verdict::Endless => return Ok(Outcome::Endless { judge: name }),
            }
        }
        Ok(Outcome::Missed)
    }
}
