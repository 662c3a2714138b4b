//! What the guest says on its serial port.
//!
//! | line | says |
//! |---|---|
//! | `csq: begin` | `run.cmd` has started |
//! | `csq: step NAME` | so has a step |
//! | `csq: pass NAME` | the step is over, and all is as it must be |
//! | `csq: fail NAME TEXT` | the step is over, and something is not |
//! | `csq: end pass`, `csq: end fail TEXT` | the verdict: once, and last |
//!
//! Every other line is for people.

/// What begins a line of the protocol.
const PREFIX: &str = "csq: ";

/// The steps that a good run has passed. Others may come between them.
pub const STEPS: [&str; 7] = [
    "machine",
    "certificate",
    "verifier",
    "install",
    "selftest",
    "stress",
    "uninstall",
];

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// `run.cmd` has started.
    Begin,
    /// A step has started.
    Step(String),
    /// A step is over and good.
    Pass(String),
    /// A step is over and bad; why.
    Fail(String, String),
    /// The verdict; why, if it is bad.
    End(Result<(), String>),
    /// Something for people.
    Other(String),
    /// It begins like the protocol, and is none of it.
    Wrong(String),
}

impl Line {
    /// What a line says.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let Some(rest) = text.strip_prefix(PREFIX) else {
            return Self::Other(text.to_owned());
        };
        let mut words = rest.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("begin"), None, _) => Self::Begin,
            (Some("step"), Some(name), None) => Self::Step(name.to_owned()),
            (Some("pass"), Some(name), None) => Self::Pass(name.to_owned()),
            (Some("fail"), Some(name), why) => {
                Self::Fail(name.to_owned(), why.unwrap_or_default().to_owned())
            }
            (Some("end"), Some("pass"), None) => Self::End(Ok(())),
            (Some("end"), Some("fail"), why) => Self::End(Err(why.unwrap_or_default().to_owned())),
            _ => Self::Wrong(text.to_owned()),
        }
    }
}

/// What the guest has said so far.
#[derive(Debug, Default)]
pub struct Report {
    begun: bool,
    current: Option<String>,
    passed: Vec<String>,
    failed: Vec<String>,
    end: Option<Result<(), String>>,
    /// The first line that should not have been there.
    wrong: Option<String>,
}

impl Report {
    /// Takes note of a line.
    pub fn take(&mut self, line: &Line) {
        if self.end.is_some() && !matches!(line, Line::Other(_)) {
            self.mark_wrong("something after the end");
            return;
        }
        match line {
            Line::Other(_) => {}
            Line::Wrong(text) => self.mark_wrong(text),
            Line::Begin if self.begun => {
                self.mark_wrong("a second beginning: the guest has restarted");
            }
            Line::Begin => self.begun = true,
            _ if !self.begun => self.mark_wrong("something before the beginning"),
            Line::Step(name) => match &self.current {
                Some(current) => self.mark_wrong(&format!("{name} before the end of {current}")),
                None => self.current = Some(name.clone()),
            },
            Line::Pass(name) => {
                if self.over(name) {
                    self.passed.push(name.clone());
                }
            }
            Line::Fail(name, why) => {
                self.over(name);
                self.failed.push(format!("{name}: {why}"));
            }
            Line::End(verdict) => self.end = Some(verdict.clone()),
        }
    }

    /// Whether the guest has given its verdict.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// Whether `run.cmd` has started.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// The step the guest is at.
    #[must_use]
    pub fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Whether the run was good.
    ///
    /// # Errors
    ///
    /// It was not; the text says what is missing or went wrong.
    pub fn verdict(&self) -> Result<(), String> {
        if !self.failed.is_empty() {
            return Err(self.failed.join("; "));
        }
        if let Some(wrong) = &self.wrong {
            return Err(format!("the guest's report makes no sense: {wrong}"));
        }
        match (&self.end, self.current()) {
            (Some(Err(why)), _) => return Err(why.clone()),
            (None, _) if !self.begun => return Err("the guest has said nothing".to_owned()),
            (None, Some(step)) => {
                return Err(format!("the guest has said nothing since it began {step}"));
            }
            (None, None) => return Err("the guest has not said how it ended".to_owned()),
            (Some(Ok(())), Some(step)) => return Err(format!("the guest has not ended {step}")),
            (Some(Ok(())), None) => {}
        }
        let missing: Vec<&str> = STEPS
            .into_iter()
            .filter(|step| !self.passed.iter().any(|passed| passed == step))
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(format!("the guest has left out {}", missing.join(", ")))
        }
    }

    /// Ends a step; `false` if it is not the one that began last.
    fn over(&mut self, name: &str) -> bool {
        let expected = self.current.take();
        let right = expected.as_deref() == Some(name);
        if !right {
            self.mark_wrong(&format!("the end of {name}, which has not begun"));
        }
        right
    }

    fn mark_wrong(&mut self, what: &str) {
        self.wrong.get_or_insert_with(|| what.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Vec<String> {
        let mut lines = vec!["csq: begin".to_owned()];
        for step in STEPS {
            lines.extend([
                format!("csq: step {step}"),
                "some text\r".to_owned(),
                format!("csq: pass {step}\r"),
            ]);
        }
        lines.push("csq: end pass".to_owned());
        lines
    }

    fn verdict(lines: &[String]) -> Result<(), String> {
        let mut report = Report::default();
        for line in lines {
            report.take(&Line::parse(line));
        }
        report.verdict()
    }

    #[test]
    fn a_full_report_is_good() {
        assert_eq!(verdict(&good()), Ok(()));
    }

    #[test]
    fn a_report_that_lacks_any_line_is_bad() {
        for missing in 0..good().len() {
            let mut lines = good();
            if lines.remove(missing).starts_with(PREFIX) {
                assert!(verdict(&lines).is_err(), "without line {missing}");
            }
        }
    }

    #[test]
    fn a_report_that_has_any_line_twice_is_bad() {
        for twice in 0..good().len() {
            let mut lines = good();
            let line = lines.get(twice).cloned().unwrap_or_default();
            if line.starts_with(PREFIX) {
                lines.insert(twice, line);
                assert!(verdict(&lines).is_err(), "line {twice} twice");
            }
        }
    }

    #[test]
    fn failures_and_nonsense_are_bad() {
        for (old, new, wanted) in [
            (
                "csq: pass stress",
                "csq: fail stress lost IRP",
                "stress: lost IRP",
            ),
            ("csq: end pass", "csq: end fail no device", "no device"),
            ("csq: end pass", "csq: end", "makes no sense"),
            ("csq: step verifier", "csq: stepverifier", "makes no sense"),
        ] {
            let lines: Vec<String> = good().iter().map(|line| line.replace(old, new)).collect();
            let why = verdict(&lines).unwrap_err();
            assert!(why.contains(wanted), "{why}");
        }
    }

    #[test]
    fn silence_is_bad() {
        assert!(verdict(&[]).is_err());
        assert!(verdict(&["boot text".to_owned()]).is_err());
    }
}
