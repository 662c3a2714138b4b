// A request that was claimed may be canceled and gone before `claim` returns.

use wdm::{FileContext, Irp, Moving, Unclaimed};

/// Asks for the id of an IRP that may be another's by now.
pub fn hand_over(request: Irp<Moving>, server: &FileContext) -> Result<u64, Unclaimed> {
    request.claim(server)?;
    Ok(request.id()) //~ ERROR E0382
}
