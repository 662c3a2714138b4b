//! The IRQL, which Wine does not have: here a number of each thread.
//!
//! It raises no priority and masks nothing; it is there for drivers that ask for it.

use core::cell::Cell;

use crate::abi::Irql;

thread_local! {
    static CURRENT: Cell<Irql> = const { Cell::new(0) };
}

/// The calling thread's.
#[must_use]
pub fn current() -> Irql {
    CURRENT.get()
}

/// Sets it.
pub fn set(irql: Irql) {
    CURRENT.set(irql);
}

/// Sets it; returns what it was.
#[must_use]
pub fn replace(irql: Irql) -> Irql {
    CURRENT.replace(irql)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::DISPATCH_LEVEL;

    #[test]
    fn each_thread_has_its_own() {
        assert_eq!(replace(DISPATCH_LEVEL), 0);
        assert_eq!(std::thread::spawn(current).join().unwrap(), 0);
        assert_eq!(current(), DISPATCH_LEVEL);
        set(0);
        assert_eq!(current(), 0);
    }
}
