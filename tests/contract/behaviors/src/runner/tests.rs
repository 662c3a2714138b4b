//! The runner notices what is wrong: with bodies, with targets, and with itself.

use super::*;
use crate::dummy::{Dummy, Manner};
use csq_protocol::wire::Statistics;

#[derive(Default)]
struct Told {
    started: Vec<&'static str>,
    judged: Vec<&'static str>,
}

impl Progress for Told {
    fn started(&mut self, name: &'static str) {
        self.started.push(name);
    }

    fn judged(&mut self, entry: &Entry) {
        self.judged.push(entry.name);
    }
}

fn account(handles: u64, pending: u64) -> Statistics {
    Statistics {
        pended: pending.into(),
        pending: pending.into(),
        handles: handles.into(),
        ..Statistics::default()
    }
}

fn idle_dummy() -> Dummy {
    Dummy::with_account(Manner::Refuses, account(1, 0))
}

fn entry(outcome: Outcome) -> Entry {
    Entry {
        name: "a.b",
        shows: "something",
        rules: &[],
        outcome,
    }
}

#[test]
fn a_body_that_returns_has_passed() {
    assert_eq!(judge(&idle_dummy(), |_| Ok(())), Outcome::Passed);
}

#[test]
fn a_body_that_fails_has_failed_and_says_why() {
    let outcome = judge(&idle_dummy(), |_| expect::equal("the answer", 42, 41));
    let Outcome::Failed(failure) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(failure.to_string(), "the answer: expected 42, saw 41");
}

#[test]
fn a_body_the_host_cannot_show_has_not_passed() {
    let outcome = judge(&idle_dummy(), |_| Err(Stop::NotOnThisTarget("no".into())));
    assert_eq!(outcome, Outcome::NotOnThisTarget("no".into()));
}

#[test]
fn a_body_that_leaves_something_behind_has_failed() {
    for left in [account(2, 0), account(1, 1)] {
        let target = Dummy::with_account(Manner::Refuses, left);
        assert!(matches!(judge(&target, |_| Ok(())), Outcome::Failed(_)));
    }
}

#[test]
fn an_account_that_does_not_balance_fails_every_body() {
    let wrong = Statistics {
        completed: 1.into(),
        ..account(1, 0)
    };
    let target = Dummy::with_account(Manner::Refuses, wrong);
    assert!(matches!(judge(&target, |_| Ok(())), Outcome::Failed(_)));
}

#[test]
fn no_body_passes_on_a_target_that_does_not_behave() {
    let manners = [
        Manner::Nods,
        Manner::Zeroes,
        Manner::Pends,
        Manner::Refuses,
        Manner::Sleeps,
    ];
    for manner in manners {
        for target in [
            Dummy::new(manner),
            Dummy::with_account(manner, account(1, 0)),
        ] {
            for behavior in table::<Dummy>() {
                let outcome = Outcome::from((behavior.body)(&target));
                let noticed = matches!(outcome, Outcome::Failed(_));
                assert!(noticed, "{} with {manner:?}: {outcome:?}", behavior.name);
            }
        }
    }
}

#[test]
fn a_run_reports_each_behavior_once() {
    let mut told = Told::default();
    let report = run(&idle_dummy(), "", &mut told).unwrap();
    let names: Vec<&str> = table::<Dummy>()
        .iter()
        .map(|behavior| behavior.name)
        .collect();
    assert_eq!(told.started, names);
    assert_eq!(told.judged, names);
    assert_eq!(report.failed(), names.len());
    assert!(!report.is_good());
}

#[test]
fn a_filter_chooses_by_name() {
    let mut told = Told::default();
    run(&idle_dummy(), "cleanup.", &mut told).unwrap();
    assert!(!told.started.is_empty());
    assert!(told.started.iter().all(|name| name.starts_with("cleanup.")));
}

#[test]
fn an_empty_run_is_an_error() {
    let error = run(&idle_dummy(), "no such name", &mut Told::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no behavior has `no such name` in its name"
    );
}

#[test]
fn a_busy_device_ends_the_run() {
    let target = Dummy::with_account(Manner::Refuses, account(3, 4));
    let error = run(&target, "", &mut Told::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("2 other handles, 4 requests pending"),
        "{error}"
    );
}

#[test]
fn a_report_is_good_only_if_something_passed_and_nothing_failed() {
    let skipped = || entry(Outcome::NotOnThisTarget(String::new()));
    let passed = || entry(Outcome::Passed);
    let failed = || entry(Outcome::Failed(crate::Failure::new("", "", "")));
    let report = |entries| Report { entries };
    assert!(report(vec![passed(), skipped()]).is_good());
    assert!(!report(vec![passed(), failed()]).is_good());
    assert!(!report(vec![skipped()]).is_good());
    assert!(!report(vec![]).is_good());
    let all = report(vec![passed(), failed(), skipped(), skipped()]);
    assert_eq!(all.to_string(), "1 passed, 1 failed, 2 skipped");
}
