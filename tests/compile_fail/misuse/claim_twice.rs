// A request goes to one server.

use wdm::{FileContext, Irp, Moving};

/// Both would answer it.
pub fn both(request: Irp<Moving>, first: &FileContext, second: &FileContext) {
    let _ = request.claim(first);
    let _ = request.claim(second); //~ ERROR E0382
}
