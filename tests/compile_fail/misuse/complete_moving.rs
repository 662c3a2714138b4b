// A request that is being moved is not completed in passing: it is counted as pending, and who wants
// to cancel it relies on its getting to a queue.

use wdm::{Irp, Moving, NtStatus};

/// Ends it behind the back of the account.
pub fn answer(request: Irp<Moving>) {
    request.complete(NtStatus::SUCCESS); //~ ERROR E0599
}
