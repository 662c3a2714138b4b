//! csq.sys and the model do the same, whatever comes. What comes is always the same, so that what these
//! tests find does not depend on luck; `PROPTEST_CASES` and `PROPTEST_RNG_SEED` give more and others.

use differential::{Case, Race, duel, race};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// As many as find each bug of `mutants.sh` several times.
fn config(cases: u32) -> ProptestConfig {
    let chosen = ProptestConfig::default();
    let is_default = chosen.rng_seed == RngSeed::Random;
    ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").map_or(cases, |_| chosen.cases),
        rng_seed: if is_default {
            RngSeed::Fixed(1)
        } else {
            chosen.rng_seed
        },
        failure_persistence: None,
        ..chosen
    }
}

proptest! {
    #![proptest_config(config(400))]

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
