// A request that the server cannot take any more must be given back.

use wdm::{FileContext, Irp, Moving};

/// Nobody would answer it.
pub fn hand_over(request: Irp<Moving>, server: &FileContext) {
    request.claim(server); //~ ERROR unused_must_use
}
