//! `csqctl demo`: what the driver is for, in one run that can be watched.

use super::alone;
use crate::Error;
use crate::account::Account;
use crate::arguments::Demo;
use crate::device::install::{Installed, inf_path, install, remove};
use crate::device::{Client, host};
use crate::output::Output;
use crate::text::counted;
use crate::timeline::render;
use serde_json::{Value, json};
use stage::Stage;

mod play;
mod stage;

pub(super) fn run(arguments: &Demo, output: Output) -> Result<(), Error> {
    let inf = inf_path(arguments.inf.inf.as_deref())?;
    output.say(format_args!(
        "installing the driver from {} ...",
        inf.display()
    ));
    let before = install(&inf)?;
    let mut stage = Stage::new(output);
    let played = alone::require().and_then(|()| play::all(&mut stage));
    if before == Installed::New && played.is_err() {
        // What went wrong is told below; that the device is still there is told by others.
        let _ = remove();
    }
    played?;
    if before == Installed::Before {
        output.say("installing the driver again, since it was there before ...");
        install(&inf)?;
    }
    output.result(summary(&stage), &summary_json(&stage));
    if stage.checks.are_good() {
        Ok(())
    } else {
        let (failed, all) = (stage.checks.failed(), stage.checks.all());
        Err(Error::ChecksFailed { failed, all })
    }
}

fn summary(stage: &Stage) -> String {
    let timeline = &stage.timeline;
    let irps = timeline.irps.len();
    let verdict = if stage.checks.are_good() {
        "all good"
    } else {
        "NOT GOOD"
    };
    format!(
        "\n{}\n{}\nthe driver's account before it was removed:\n{}\n\n{}\
         {} pended, {} came back; {}, {} failed: {verdict}",
        render::lanes(timeline),
        render::irps(timeline),
        stage.account.lines(),
        stage.checks.failures(),
        counted(irps, "IRP"),
        irps - timeline.open(),
        counted(stage.checks.all(), "check"),
        stage.checks.failed(),
    )
}

fn summary_json(stage: &Stage) -> Value {
    json!({
        "host": if host::is_wine() { "Wine" } else { "Windows" },
        "timeline": stage.timeline,
        "account": stage.account,
        "checks": stage.checks,
        "good": stage.checks.are_good(),
    })
}

impl Stage {
    /// Notes the driver's account for the summary.
    fn note_account(&mut self, client: &Client) -> Result<(), Error> {
        self.account = Account::from(&client.statistics()?);
        Ok(())
    }
}
