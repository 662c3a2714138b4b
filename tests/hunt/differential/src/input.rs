//! What a fuzzer hands over: bytes that stand for what is to be run.

use arbitrary::{Arbitrary, Unstructured};

use crate::{Case, Race, Single, duel, race as contest};

/// One device control call, of any code, lengths and bytes, is answered as the model says.
///
/// # Errors
/// It is not. As for the others.
pub fn ioctl(bytes: &[u8]) -> Result<(), String> {
    run(bytes, |single: Single| duel::run(&single.case()))
}

/// So are operations of several handles, one after the other.
///
/// # Errors
/// As for [`ioctl`].
pub fn sequence(bytes: &[u8]) -> Result<(), String> {
    run(bytes, |case: Case| duel::run(&case))
}

/// Those of two threads, in any order, break no rule.
///
/// # Errors
/// As for [`ioctl`].
pub fn race(bytes: &[u8]) -> Result<(), String> {
    run(bytes, |race: Race| contest::run(&race))
}

fn run<T: for<'a> Arbitrary<'a>>(
    bytes: &[u8],
    run: impl Fn(T) -> Result<(), String>,
) -> Result<(), String> {
    // A few bytes may be too few for anything.
    T::arbitrary_take_rest(Unstructured::new(bytes)).map_or(Ok(()), run)
}
