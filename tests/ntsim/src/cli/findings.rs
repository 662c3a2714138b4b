//! What is done about findings, as options, and what is said of them in the end.

use std::path::PathBuf;

use clap::Args;

use super::{CLEAN, FAILED, FOUND};
use crate::explore::{Found, GoesOn};
use crate::report::document::{Allowance, Broken, Document, Record};
use crate::report::{self, sarif};
use crate::rule::{self, Rule};

/// The options.
#[derive(Debug, Args)]
pub struct Findings {
    /// Goes on after a finding of this rule, which then is none: it is listed at the end, with the reason if there
    /// is one, and how often it came. `ntsim rules` lists the rules. May be given more than once.
    #[arg(long = "allow", value_name = "RULE[=REASON]", value_parser = allowed)]
    allowed: Vec<Allowed>,
    /// Goes on after each finding with the other schedules of the scenario, and reports each rule and place once.
    /// Otherwise a scenario ends with its first finding, and the next one is explored.
    #[arg(long)]
    keep_going: bool,
    /// Prints what came of it as one JSON document, and nothing else.
    #[arg(long)]
    json: bool,
    /// Writes the findings to this file, too, as SARIF 2.1.0; those that are allowed are in it as suppressed.
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
}

/// A rule that may be broken.
#[derive(Clone, Debug)]
struct Allowed {
    rule: &'static Rule,
    reason: Option<String>,
}

/// Reads `RULE` or `RULE=REASON`.
fn allowed(text: &str) -> Result<Allowed, String> {
    let (name, reason) = match text.split_once('=') {
        Some((name, reason)) => (name, Some(reason.trim())),
        None => (text, None),
    };
    let rule = rule::find(name.trim()).ok_or_else(|| unknown(name.trim()))?;
    Ok(Allowed {
        rule,
        reason: reason.filter(|it| !it.is_empty()).map(str::to_owned),
    })
}

/// Says that there is no such rule, and which names are near.
fn unknown(name: &str) -> String {
    /// Of names as alike as `completed-twice` and `irp-completed-twice`.
    const NEAR: f64 = 0.75;
    let mut near: Vec<(f64, &str)> = rule::all()
        .map(|rule| (likeness(name, rule.name), rule.name))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .collect();
    near.sort_by(|one, two| two.0.total_cmp(&one.0));
    let near: Vec<&str> = near.into_iter().map(|(_, name)| name).take(4).collect();
    if near.is_empty() {
        format!("there is no rule {name:?}; `ntsim rules` lists them")
    } else {
        format!("there is no rule {name:?}; near it: {}", near.join(", "))
    }
}

fn likeness(name: &str, rule: &str) -> f64 {
    if !name.is_empty() && (rule.contains(name) || name.contains(rule)) {
        return 1.0;
    }
    strsim::jaro_winkler(name, rule)
}

impl Findings {
    /// After which findings the other schedules are run.
    pub fn goes_on(&self) -> GoesOn {
        GoesOn {
            always: self.keep_going,
            rules: self.allowed.iter().map(|it| it.rule.name).collect(),
        }
    }

    /// Whether a finding is none.
    pub fn allows(&self, found: &Found) -> bool {
        let name = found.finding.rule.name;
        self.allowed.iter().any(|it| it.rule.name == name)
    }

    /// Begins to collect what is found in a driver.
    pub fn ledger(&self, driver: &std::path::Path) -> Ledger<'_> {
        Ledger {
            findings: self,
            document: Document {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                driver: driver.display().to_string(),
                ..Document::default()
            },
        }
    }
}

/// What was found so far.
#[derive(Debug)]
pub struct Ledger<'a> {
    findings: &'a Findings,
    document: Document,
}

impl Ledger<'_> {
    /// Prints a line for people, unless the output is for programs.
    pub fn say(&self, line: &str) {
        if !self.findings.json {
            println!("{line}");
        }
    }

    /// Notes what came of a scenario, and prints its findings; `again` is the command that does the same as one of
    /// them. Returns the exit code.
    pub fn add<'f>(
        &mut self,
        mut record: Record,
        found: impl IntoIterator<Item = &'f Found>,
        again: impl Fn(&Found) -> String,
    ) -> u8 {
        let mut code = CLEAN;
        for found in found {
            let allowed = self.findings.allows(found);
            let again = again(found);
            if !allowed {
                code = FOUND;
                if !self.findings.json {
                    print!("{}", report::found(found, &again));
                }
            }
            record.findings.push(Broken::new(found, again, allowed));
        }
        self.document.scenarios.push(record);
        code
    }

    /// What was found, so that another process can go on with it.
    pub fn scenarios(&self) -> &[Record] {
        &self.document.scenarios
    }

    /// Notes what another process has found.
    pub fn extend(&mut self, scenarios: Vec<Record>) {
        self.document.scenarios.extend(scenarios);
    }

    /// Says how often what is allowed has come, and writes the files that were asked for. Returns the exit code.
    pub fn end(mut self, code: u8) -> u8 {
        self.document.exit = code;
        for allowed in &self.findings.allowed {
            let allowance = self.allowance(allowed);
            self.say(&sentence(&allowance));
            self.document.allowed.push(allowance);
        }
        let mut code = code;
        if let Some(file) = &self.findings.sarif {
            let root = std::env::current_dir().unwrap_or_default();
            let text = format!("{:#}\n", sarif::sarif(&self.document, &root));
            if let Err(error) = std::fs::write(file, text) {
                eprintln!("ntsim: {} cannot be written: {error}", file.display());
                code = code.max(FAILED);
                self.document.exit = code;
            }
        }
        if self.findings.json {
            match serde_json::to_string_pretty(&self.document) {
                Ok(text) => println!("{text}"),
                Err(error) => {
                    eprintln!("ntsim: the result cannot be written as JSON: {error}");
                    code = FAILED;
                }
            }
        }
        code
    }

    fn allowance(&self, allowed: &Allowed) -> Allowance {
        let mut allowance = Allowance {
            rule: allowed.rule.name.to_owned(),
            reason: allowed.reason.clone(),
            schedules: 0,
            scenarios: 0,
        };
        for record in &self.document.scenarios {
            let own = record.findings.iter();
            let own = own.filter(|it| it.rule == allowance.rule);
            let schedules: usize = own.map(|it| it.schedules).sum();
            allowance.schedules += schedules;
            allowance.scenarios += usize::from(schedules != 0);
        }
        allowance
    }
}

fn sentence(allowance: &Allowance) -> String {
    let Allowance {
        rule,
        reason,
        schedules,
        scenarios,
    } = allowance;
    let reason = reason
        .as_ref()
        .map_or_else(String::new, |reason| format!(" ({reason})"));
    match schedules {
        0 => format!("allowed: {rule}{reason}: has not come up"),
        _ => format!("allowed: {rule}{reason}: {schedules} schedules in {scenarios} scenarios"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_allowed_with_and_without_a_reason() {
        let with = allowed("irp-lost= known, ticket 12").unwrap();
        assert_eq!(with.rule.name, "irp-lost");
        assert_eq!(with.reason.as_deref(), Some("known, ticket 12"));
        assert_eq!(allowed("irp-lost").unwrap().reason, None);
        assert_eq!(allowed("irp-lost=").unwrap().reason, None);
    }

    #[test]
    fn an_unknown_rule_is_refused_with_names_near_it() {
        let refusal = |name| allowed(name).unwrap_err();
        assert!(refusal("completed-twice").contains("irp-completed-twice"));
        assert!(refusal("ipr-lost").contains("irp-lost"));
        assert!(refusal("zzz").contains("`ntsim rules` lists them"));
    }
}
