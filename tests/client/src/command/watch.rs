//! `csqctl watch`

use crate::Error;
use crate::account::Account;
use crate::arguments::Watch;
use crate::device::Client;
use crate::interrupt;
use crate::output::Output;
use crate::rates::{self, Rates};
use serde_json::json;
use std::time::{Duration, Instant};

pub(super) fn run(arguments: &Watch, output: Output) -> Result<(), Error> {
    let interrupted = interrupt::on_ctrl_c()?;
    let client = Client::open()?;
    let interval = Duration::from_millis(arguments.interval.into());
    let since = Instant::now();
    let mut before = Account::from(&client.statistics()?);
    let mut looked = since;
    let mut looks = 0;
    while arguments.count != Some(looks) {
        if interrupted.wait(Some(interval)) {
            break;
        }
        let now = Account::from(&client.statistics()?);
        let at = Instant::now();
        let rates = Rates::between(&before, &now, at - looked);
        if looks % rates::ROWS_PER_HEADING == 0 {
            output.say(rates::heading());
        }
        let elapsed = u64::try_from((at - since).as_millis()).unwrap_or(u64::MAX);
        output.result(
            rates.row(&now),
            &json!({ "at_ms": elapsed, "account": now, "per_second": rates }),
        );
        (before, looked) = (now, at);
        looks += 1;
    }
    Ok(())
}
