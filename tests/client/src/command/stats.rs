//! `csqctl stats`

use crate::Error;
use crate::account::Account;
use crate::device::Client;
use crate::output::Output;
use serde_json::json;

pub(super) fn run(output: Output) -> Result<(), Error> {
    let account = Account::from(&Client::open()?.statistics()?);
    output.result(account.lines(), &json!(account));
    Ok(())
}
