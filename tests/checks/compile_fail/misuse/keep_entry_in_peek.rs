// An entry kept by what the removing thread looks for: the thread has that when the lock is released.

use wdm::csq::{Domain, Entry, Held, Search};

/// What a discipline's `Peek<'call>` could be.
pub struct Wanted<'call, G: Domain>(pub Option<Entry<'call, G>>);

/// As `Discipline::peek`.
pub fn peek<'s, 'h: 's, 'call: 's, G: Domain>(
    held: &mut Held<'h, G>,
    wanted: &mut Wanted<'call, G>,
) -> Search<'s, G> {
    wanted.0 = held.find(1); //~ ERROR an error without a code
    Search::Nothing
}
