//! A routine without an end is noticed, also if it asks the kernel for nothing.

use super::broken_rule;
use crate::machine;
use crate::manager::enter_driver;

#[test]
fn an_endless_loop_is_a_finding() {
    /// Where the sample driver has its loop.
    const LOOP: usize = 0x1006;
    let broken = broken_rule(|| {
        let routine = machine::with(|machine| machine.image.base()) + LOOP;
        enter_driver("loop", routine, [0; 4]);
    });
    assert_eq!(broken, Some("livelock"));
}
