//! Drivers as people write them in C (`cases/driver.c`), one of them right, are judged rightly, and whatever
//! schedules by chance reach, the exhaustive search reaches as well.
//!
//! Needs clang, and the headers that csq.sys is built with: `cargo make test explore` runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use ntsim::Settings;
use ntsim::explore::{Limits, explore};
use ntsim::machine::Machine;
use ntsim::repeated::Repeated;
use ntsim::schedule::sleep_set::SleepSet;
use ntsim::script::Script;

/// The bugs that can be built into the driver, where each shows, and the rule that it breaks.
const WRONG: &[(&str, &[&str], &str)] = &[
    (
        "checked_before_set",
        &["explore", "pend+cancel"],
        "not-canceled",
    ),
    (
        "return_ignored",
        &["explore", "cancel+complete-next"],
        "touched-after-completion",
    ),
    (
        "dpc_not_flushed",
        &["explore", "complete-next+remove"],
        "dpc-freed-while-queued",
    ),
    (
        "dpc_not_flushed_pool",
        &["explore", "complete-next+remove"],
        "dpc-freed-while-queued",
    ),
    (
        "lock_handle_shared",
        &["explore", "pend+cancel"],
        "lock-handle-in-use",
    ),
    ("power_not_passed", &["run"], "returned-without-completing"),
    (
        "power_not_passed",
        &["explore", "pend+cancel"],
        "returned-without-completing",
    ),
    (
        "touched_after_queued",
        &["explore", "pend+cancel"],
        "touched-after-completion",
    ),
    (
        "counted_unlocked",
        &["explore", "pend+statistics+cancel"],
        "statistics-unbalanced",
    ),
    (
        "spins_in_dpc",
        &["explore", "--preemption", "cancel+complete-next"],
        "livelock",
    ),
];

/// Where the driver that is right is explored to the end.
const RIGHT: &[&str] = &[
    "pend+cancel",
    "cancel+complete-next",
    "complete-next+remove",
    "cancel+complete-next+cleanup",
    "pend+statistics+cancel",
    "pend+cancel+complete-next",
    "pend+cancel+cleanup",
    "power+pend",
];

/// The folder with all drivers, built once.
fn built() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cases");
        let mut names: Vec<&str> = WRONG.iter().map(|(name, ..)| *name).collect();
        names.push("correct");
        names.dedup();
        let status = Command::new("cases/build.sh")
            .arg(&folder)
            .args(names)
            .status()
            .expect("cases/build.sh can be started");
        assert!(status.success(), "cases/build.sh: {status}");
        folder
    })
}

/// Runs `exploration COMMAND DRIVER ARGUMENTS...`, and returns what it printed and its exit code.
fn ntsim(case: &str, command: &[&str], more: &[&str]) -> (String, Option<i32>) {
    let driver = built().join(case).with_extension("sys");
    let (first, rest) = command.split_first().expect("a command");
    let Output { stdout, status, .. } = Command::new(env!("CARGO_BIN_EXE_exploration"))
        .arg(first)
        .arg(driver)
        .args(rest)
        .args(more)
        .output()
        .expect("exploration can be started");
    (String::from_utf8_lossy(&stdout).into_owned(), status.code())
}

const ORDER: [&str; 2] = ["--csq-order", "documented"];

#[test]
#[ignore = "needs clang"]
fn each_bug_is_found_under_its_rule() {
    for (case, command, rule) in WRONG {
        let order: &[&str] = if command[0] == "explore" { &ORDER } else { &[] };
        let (text, code) = ntsim(case, command, order);
        let found = text.contains(&format!("FOUND {rule}:"));
        assert!(found && code == Some(1), "{case}: {code:?}\n{text:.4000}");
    }
}

/// A scenario in a file for a driver that ntsim knows nothing of, as its README has it.
#[test]
#[ignore = "needs clang"]
fn a_scenario_in_a_file_finds_the_bug_and_says_what_must_hold_then() {
    let text = std::fs::read_to_string("cases/cancel+complete-next.toml").expect("the scenario");
    let script = Script::parse(&text).expect("a scenario");
    let explore = |case: &str, script: Script| {
        let path = built().join(case).with_extension("sys");
        let file = std::fs::read(&path).expect("the driver");
        Machine::install(&file, &path, Settings::default()).expect("a driver");
        let repeated = Repeated::new(script);
        explore(
            SleepSet::default(),
            Limits::default(),
            |_| {},
            move || repeated.play(),
        )
    };
    let outcome = explore("return_ignored", script.clone());
    let found = outcome.found.expect("a finding");
    assert_eq!(found.finding.rule.name, "touched-after-completion");
    let outcome = explore("correct", script.clone());
    assert!(outcome.exhausted && outcome.found.is_none(), "{outcome:?}");
    // At the end, nothing is pending any more; that one is, is wrong.
    let wrong =
        Script::parse(&text.replace("status = 0xc0000225", "status = 0")).expect("as above");
    let outcome = explore("correct", wrong);
    let found = outcome.found.expect("a finding");
    assert_eq!(found.finding.rule.name, "not-as-expected");
}

#[test]
#[ignore = "needs clang"]
fn a_report_can_be_played_again() {
    for (case, scenario) in [
        ("checked_before_set", "pend+cancel"),
        ("touched_after_queued", "pend+cancel"),
    ] {
        let (text, _) = ntsim(case, &["explore", scenario], &ORDER);
        let again = text.lines().find_map(|line| line.split_once("again: "));
        let words: Vec<&str> = again
            .expect("a command")
            .1
            .split_whitespace()
            .skip(3)
            .collect();
        let (replayed, code) = ntsim(case, &["explore"], &words);
        let rule = |text: &str| {
            text.lines()
                .find_map(|line| Some(line.strip_prefix("FOUND ")?.to_owned()))
        };
        assert_eq!(
            (rule(&replayed), code),
            (rule(&text), Some(1)),
            "{replayed}"
        );
    }
}

/// The steps of the report's trace that are not of the thread which sets everything up.
fn steps(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim_start);
    lines
        .filter(|line| line.starts_with("T1 ") || line.starts_with("T2 "))
        .collect()
}

#[test]
#[ignore = "needs clang"]
fn traces_name_functions_and_lines_of_c() {
    let command = ["explore", "cancel+complete-next"];
    let (text, _) = ntsim("return_ignored", &command, &ORDER);
    assert!(
        text.contains("    at return_ignored!CancelRoutine+"),
        "{text}"
    );
    let named = |line: &&&str| {
        line.contains(" return_ignored!CancelRoutine+") && line.contains("[driver.c:")
    };
    assert!(steps(&text).iter().filter(named).count() >= 2, "{text}");
    // Without the PDB, there is the MAP; without both, the offset in the image.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("names");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["return_ignored.sys", "return_ignored.map"] {
        std::fs::copy(built().join(name), folder.join(name)).unwrap();
    }
    let report = || {
        let output = Command::new(env!("CARGO_BIN_EXE_exploration"))
            .arg("explore")
            .arg(folder.join("return_ignored.sys"))
            .arg(command[1])
            .args(ORDER)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let text = report();
    assert!(
        text.contains("return_ignored!CancelRoutine+") && !text.contains("driver.c"),
        "{text}"
    );
    std::fs::remove_file(folder.join("return_ignored.map")).unwrap();
    let text = report();
    assert!(
        text.contains("at return_ignored+0x") && !text.contains('!'),
        "{text}"
    );
}

#[test]
#[ignore = "needs clang"]
fn after_what_is_allowed_it_goes_on() {
    let command = ["explore", "cancel+complete-next"];
    let allow = ["--allow", "touched-after-completion=known"];
    let (text, code) = ntsim("return_ignored", &command, &[&ORDER[..], &allow].concat());
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("FOUND list-corruption:"), "{text}");
    assert!(
        text.contains("allowed: touched-after-completion (known): "),
        "{text}"
    );
    let (text, code) = ntsim(
        "return_ignored",
        &command,
        &[&ORDER[..], &["--keep-going"]].concat(),
    );
    assert_eq!(code, Some(1), "{text}");
    for rule in ["touched-after-completion", "list-corruption"] {
        assert!(text.contains(&format!("FOUND {rule}:")), "{rule}: {text}");
    }
}

#[test]
#[ignore = "needs clang"]
fn the_right_one_is_clean_to_the_end() {
    let (text, code) = ntsim("correct", &["run"], &[]);
    assert_eq!(code, Some(0), "{text}");
    let (text, code) = ntsim("correct", &["explore"], &[RIGHT, &ORDER].concat());
    assert_eq!(code, Some(0), "{text}");
    for name in RIGHT {
        let own = |line: &&str| line.starts_with(&format!("{name} ("));
        let line = text.lines().find(own).unwrap_or_default();
        assert!(line.contains(" s, exhausted, "), "{name}: {text}");
    }
}

#[test]
#[ignore = "needs clang"]
fn nothing_is_reached_by_chance_that_the_exhaustive_search_misses() {
    let mut cases: Vec<&str> = WRONG.iter().map(|(name, ..)| *name).collect();
    cases.insert(0, "correct");
    cases.dedup();
    let pairs: Vec<&str> = RIGHT
        .iter()
        .copied()
        .filter(|name| name.matches('+').count() == 1)
        .collect();
    for case in cases {
        let scenarios: &[&str] = if case == "correct" { RIGHT } else { &pairs };
        let limits = ["--seconds", "5", "--schedules", "100"];
        let arguments = [scenarios, &ORDER, &limits].concat();
        let (text, code) = ntsim(case, &["crosscheck"], &arguments);
        assert!(matches!(code, Some(0 | 1)), "{case}: {code:?}\n{text}");
        let compared = text.lines().last().unwrap_or_default();
        assert!(
            case != "correct"
                || compared.starts_with(&format!("{} scenarios compared", RIGHT.len())),
            "{text}"
        );
    }
}
