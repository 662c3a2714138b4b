//! csq.sys and the model do the same, whatever comes.

use differential::{Case, Race, duel, race};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn one_operation_after_the_other(case: Case) {
        if let Err(wrong) = duel::run(&case) {
            return Err(TestCaseError::fail(wrong));
        }
    }

    #[test]
    fn two_threads_at_once(case: Race) {
        if let Err(wrong) = race::run(&case) {
            return Err(TestCaseError::fail(wrong));
        }
    }
}
