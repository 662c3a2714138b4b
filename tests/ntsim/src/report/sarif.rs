//! SARIF 2.1.0, which code scanning of a CI shows.
//!
//! A result's place is the innermost function of the driver on the stack, with file and line if the PDB has
//! them, else an offset in the driver's file. Each thread of the trace is a thread flow, and the
//! order of execution goes through all of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::document::{Broken, Document, Record};
use super::{LAST, Step};
use crate::image::Place;
use crate::rule::guide::guide;
use crate::rule::{self, Rule};

/// The document as SARIF. File names in `root` are written relative to it.
#[must_use]
pub fn sarif(document: &Document, root: &Path) -> Value {
    let mut rules: Vec<&'static Rule> = Vec::new();
    let mut results = Vec::new();
    let writer = Writer { document, root };
    for record in &document.scenarios {
        for broken in &record.findings {
            let Some(rule) = rule::find(&broken.rule) else {
                continue;
            };
            let known = rules.iter().position(|it| it.name == rule.name);
            let index = known.unwrap_or_else(|| {
                rules.push(rule);
                rules.len() - 1
            });
            results.push(writer.result(record, broken, index));
        }
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "ntsim",
                "semanticVersion": document.version,
                "rules": rules.into_iter().map(describe).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": document.exit <= 1,
                "exitCode": document.exit,
            }],
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    })
}

fn describe(rule: &Rule) -> Value {
    let windows = rule.bug_check.map_or_else(String::new, |it| {
        format!(" Windows: {} ({:#x}).", it.1, it.0)
    });
    let mend = guide(rule.name).map_or_else(String::new, |it| {
        format!(" Such as: {}. The mend: {}", it.example, it.mend)
    });
    json!({
        "id": rule.name,
        "name": rule.name,
        "shortDescription": { "text": rule.name },
        "fullDescription": { "text": rule.meaning },
        "help": { "text": format!("{}{windows}{mend}", rule.meaning) },
        "defaultConfiguration": { "level": "error" },
    })
}

struct Writer<'a> {
    document: &'a Document,
    root: &'a Path,
}

impl Writer<'_> {
    fn result(&self, record: &Record, broken: &Broken, index: usize) -> Value {
        let place = broken.stack.iter().find(|place| place.source.is_some());
        let place = place.or_else(|| broken.stack.first());
        let inside = broken.stack.first().map(function).unwrap_or_default();
        json!({
            "ruleId": broken.rule,
            "ruleIndex": index,
            "level": "error",
            "message": { "text": format!(
                "{} (scenario {}, {} schedules). Again: {}",
                broken.message, record.scenario, broken.schedules, broken.again
            )},
            "locations": [self.location(place, None)],
            "stacks": [{ "frames": broken.stack.iter().map(|place| json!({
                "location": self.location(Some(place), None),
                "module": place.module,
            })).collect::<Vec<_>>() }],
            "codeFlows": [{
                "message": { "text": format!("What happened in scenario {}", record.scenario) },
                "threadFlows": self.flows(&broken.trace),
            }],
            "partialFingerprints": {
                "ntsim/v1": format!("{}/{}/{inside}", broken.rule, record.scenario),
            },
            "occurrenceCount": broken.schedules,
            "suppressions": self.suppressions(broken),
        })
    }

    /// That a person has allowed it, and why.
    fn suppressions(&self, broken: &Broken) -> Vec<Value> {
        if !broken.allowed {
            return Vec::new();
        }
        let mut allowed = self.document.allowed.iter();
        let reason = allowed.find(|it| it.rule == broken.rule);
        let suppression = json!({ "kind": "external", "status": "accepted" });
        vec![match reason.and_then(|it| it.reason.as_deref()) {
            Some(reason) => with(suppression, "justification", json!(reason)),
            None => suppression,
        }]
    }

    /// A place; the driver's file, if there is none.
    fn location(&self, place: Option<&Place>, message: Option<&str>) -> Value {
        let source = place.and_then(|place| place.source.as_ref());
        let file = source.map_or(self.document.driver.as_str(), |(file, _)| file);
        let mut physical = json!({ "artifactLocation": { "uri": self.uri(file) } });
        if let Some((_, line)) = source {
            physical = with(physical, "region", json!({ "startLine": line }));
        }
        if let Some(place) = place {
            physical = with(
                physical,
                "address",
                json!({ "relativeAddress": place.offset }),
            );
        }
        let mut location = json!({ "physicalLocation": physical });
        if let Some(place) = place {
            let function = json!([{ "fullyQualifiedName": function(place), "kind": "function" }]);
            location = with(location, "logicalLocations", function);
        }
        match message {
            Some(text) => with(location, "message", json!({ "text": text })),
            None => location,
        }
    }

    /// A flow for each thread, and how many steps of all threads came before each of its steps.
    fn flows(&self, trace: &[Step]) -> Vec<Value> {
        let mut flows: BTreeMap<usize, (String, Vec<Value>)> = BTreeMap::new();
        let first = trace.len().saturating_sub(LAST);
        for (order, step) in trace.iter().enumerate().skip(first) {
            let location = self.location(step.place.as_ref(), Some(&step.text));
            let id = format!("T{} {}", step.thread, step.name);
            let flow = flows.entry(step.thread).or_insert((id, Vec::new()));
            flow.1
                .push(json!({ "location": location, "executionOrder": order + 1 }));
        }
        // A code flow has at least one.
        if flows.is_empty() {
            let location = json!({ "location": self.location(None, None) });
            flows.insert(0, ("T0".to_owned(), vec![location]));
        }
        let flow = |(id, locations)| json!({ "id": id, "locations": locations });
        flows.into_values().map(flow).collect()
    }

    /// A file's name: relative to the root if it is below.
    fn uri(&self, file: &str) -> String {
        let path = Path::new(file);
        let below = path.strip_prefix(self.root).ok();
        let text = below.map_or(file, |below| below.to_str().unwrap_or(file));
        let text = text.replace('\\', "/");
        let text = text.strip_prefix("./").unwrap_or(&text);
        let escaped = escape(text);
        let has_drive = text.get(1..3) == Some(":/");
        match text.starts_with('/') {
            true => format!("file://{escaped}"),
            false if has_drive => format!("file:///{escaped}"),
            false => escaped,
        }
    }
}

/// An object with one more property.
fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
    object
}

/// What cannot stand in a URI, as `%20`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:+@!$&'()*,;=".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// `module!function`, or `module+0x1040`.
fn function(place: &Place) -> String {
    match &place.function {
        Some((name, _)) => format!("{}!{name}", place.module),
        None => format!("{}+{:#x}", place.module, place.offset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::Allowance;

    fn place(source: Option<(&str, u32)>) -> Place {
        Place {
            module: "my".to_owned(),
            offset: 0x1040,
            function: Some(("Pend".to_owned(), 4)),
            source: source.map(|(file, line)| (file.to_owned(), line)),
        }
    }

    fn document() -> Document {
        let step = |thread, place| Step {
            thread,
            name: "actor".to_owned(),
            text: format!("step of {thread}"),
            place,
        };
        let broken = Broken {
            rule: crate::rule::completion::COMPLETED_TWICE.name.to_owned(),
            message: "twice".to_owned(),
            thread: 2,
            stack: vec![place(None), place(Some(("/src/my driver.c", 12)))],
            trace: vec![step(1, None), step(2, Some(place(None))), step(1, None)],
            again: "ntsim explore ...".to_owned(),
            schedules: 3,
            allowed: false,
        };
        let allowed = Broken {
            allowed: true,
            ..broken.clone()
        };
        Document {
            driver: "out/my.sys".to_owned(),
            exit: 1,
            scenarios: vec![Record {
                scenario: "send+cancel".to_owned(),
                findings: vec![broken, allowed],
                ..Record::default()
            }],
            allowed: vec![Allowance {
                rule: crate::rule::completion::COMPLETED_TWICE.name.to_owned(),
                reason: Some("known".to_owned()),
                schedules: 3,
                scenarios: 1,
            }],
            ..Document::default()
        }
    }

    #[test]
    fn a_result_has_its_rule_place_and_threads() {
        let log = sarif(&document(), Path::new("/src"));
        let run = &log["runs"][0];
        let (result, known) = (&run["results"][0], &run["results"][1]);
        // One rule, though there are two results of it.
        assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 1);
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20driver.c");
        assert_eq!(place["region"]["startLine"], 12);
        let flows = result["codeFlows"][0]["threadFlows"].as_array().unwrap();
        assert_eq!(flows.len(), 2);
        let order = flows[0]["locations"].as_array().unwrap().iter();
        let order: Vec<_> = order.map(|it| it["executionOrder"].as_u64()).collect();
        assert_eq!(order, [Some(1), Some(3)]);
        assert_eq!(result["suppressions"], json!([]));
        assert_eq!(known["suppressions"][0]["justification"], "known");
    }

    #[test]
    fn names_of_files_are_uris() {
        let document = document();
        let root = Path::new("/src");
        let writer = Writer {
            document: &document,
            root,
        };
        assert_eq!(writer.uri("/src/a/b.c"), "a/b.c");
        assert_eq!(writer.uri("/other/b.c"), "file:///other/b.c");
        assert_eq!(writer.uri(r"C:\src\b.c"), "file:///C:/src/b.c");
        assert_eq!(writer.uri(r".\b c.c"), "b%20c.c");
    }
}
