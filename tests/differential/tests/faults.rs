//! What csq.sys imports, and whether `ntsim faults` lets it fail.

use differential::machine;
use ntsim::fault::routine::{Fallible, fallible};
use object::Object as _;
use object::read::pe::PeFile64;

#[test]
fn whatever_can_fail_of_what_csq_sys_calls_is_tried() {
    let file = std::fs::read(machine::path()).expect("csq.sys; `cargo make` builds it");
    let imports = PeFile64::parse(&*file).expect("an image").imports();
    let imports = imports.expect("imports");
    assert!(imports.len() > 30, "{}", imports.len());
    for import in imports {
        let name = std::str::from_utf8(import.name()).expect("a name");
        let known = fallible(name);
        let tried = matches!(known, Some(Fallible::As(_) | Fallible::Never));
        assert!(tried, "{name}: {known:?}");
    }
}
