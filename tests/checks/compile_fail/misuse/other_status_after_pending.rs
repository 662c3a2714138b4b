// What `insert` returned is what the dispatch routine returns: its status cannot be changed (INV-10, TR-03).

use wdm::Dispatched;

/// Success, for an IRP that is pending.
pub fn improve(mut dispatched: Dispatched) -> Dispatched {
    dispatched.status = 0; //~ ERROR E0616
    dispatched
}
