//! csq.sys itself, in the simulated kernel and beside its model.

use arbitrary::{Arbitrary, Unstructured};
use differential::{Case, Race, Single, duel, race as contest};

/// One device control call, of any code, lengths and bytes, is answered as the model says.
pub fn ioctl(bytes: &[u8]) {
    run(bytes, |single: Single| duel::run(&single.case()));
}

/// So are operations of several handles, one after the other.
pub fn sequence(bytes: &[u8]) {
    run(bytes, |case: Case| duel::run(&case));
}

/// Those of two threads, in any order, break no rule.
pub fn race(bytes: &[u8]) {
    run(bytes, |race: Race| contest::run(&race));
}

fn run<T: for<'a> Arbitrary<'a>>(bytes: &[u8], run: impl Fn(T) -> Result<(), String>) {
    // A few bytes may be too few for anything.
    let Ok(case) = T::arbitrary_take_rest(Unstructured::new(bytes)) else {
        return;
    };
    if let Err(wrong) = run(case) {
        panic!("{wrong}");
    }
}
