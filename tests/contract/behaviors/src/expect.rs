//! Checks: each compares what was seen with what must be, and stops the body if they differ.

use crate::outcome::{Checked, Failure, Stop};
use crate::target::{Answer, Capability, POISON, Target};
use csq_protocol::status;
use std::fmt::Debug;

/// Stops the body with a failure.
///
/// # Errors
/// Always.
pub fn failed<V>(
    what: impl Into<String>,
    expected: impl Into<String>,
    seen: impl Into<String>,
) -> Checked<V> {
    Err(Stop::Failed(Failure::new(what, expected, seen)))
}

/// Two values must be equal.
///
/// # Errors
/// They are not.
#[expect(
    clippy::needless_pass_by_value,
    reason = "callers compare values they have just made"
)]
pub fn equal<V: PartialEq + Debug>(what: &str, expected: V, seen: V) -> Checked {
    if expected == seen {
        Ok(())
    } else {
        failed(what, format!("{expected:?}"), format!("{seen:?}"))
    }
}

/// Something must be so; `otherwise` says what was seen if it is not.
///
/// # Errors
/// It is not so.
pub fn holds(what: &str, so: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if so {
        Ok(())
    } else {
        failed(what, "this to hold", otherwise())
    }
}

/// A call must have answered with a status.
///
/// # Errors
/// It answered with another.
pub fn status(what: &str, expected: u32, seen: u32) -> Checked {
    if expected == seen {
        Ok(())
    } else {
        failed(what, status_name(expected), status_name(seen))
    }
}

/// A call must have answered with one of some statuses.
///
/// # Errors
/// It answered with another.
pub fn status_of(what: &str, expected: &[u32], seen: u32) -> Checked {
    if expected.contains(&seen) {
        return Ok(());
    }
    let names: Vec<String> = expected.iter().map(|status| status_name(*status)).collect();
    failed(what, names.join(" or "), status_name(seen))
}

/// The bytes beyond the returned length must be untouched, and the length within the buffer
/// (INV-70, INV-71).
///
/// # Errors
/// They are not.
pub fn only_returned_bytes_written(what: &str, answer: &Answer) -> Checked {
    let Some(rest) = answer.output.get(answer.information..) else {
        return failed(
            format!("{what}: the returned length"),
            format!("at most {}", answer.output.len()),
            answer.information.to_string(),
        );
    };
    match rest.iter().position(|byte| *byte != POISON) {
        None => Ok(()),
        Some(offset) => failed(
            format!("{what}: output byte {}", answer.information + offset),
            "untouched, being beyond the returned length",
            "written to",
        ),
    }
}

/// The host must be able to show something, or the behavior is not tried on it.
///
/// # Errors
/// [`Stop::NotOnThisTarget`] with the host's reason.
pub fn capable<T: Target>(target: &T, capability: Capability) -> Checked {
    match target.lacks(capability) {
        None => Ok(()),
        Some(reason) => Err(Stop::NotOnThisTarget(reason)),
    }
}

/// `STATUS_` and the name of a status, or its number.
#[must_use]
pub fn status_name(status: u32) -> String {
    status::name(status).map_or_else(
        || format!("status {status:#010x}"),
        |name| format!("STATUS_{name}"),
    )
}
