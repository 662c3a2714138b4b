// What is looked for in a queue is there while it is looked for.

use wdm::{FileContext, Peek, PoolBox};

/// The context is freed at the end of this.
pub fn oldest_of(file: PoolBox<FileContext>) -> Peek<'static> {
    Peek::File(&file) //~ ERROR E0515
}
