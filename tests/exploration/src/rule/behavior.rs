//! What is required of csq.sys.

use ntsim::rules;

rules! {
    NOT_AS_REQUIRED = "not-as-required", None,
        "Each required behavior is as crate `scenarios` says.";
}
