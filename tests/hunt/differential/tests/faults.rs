//! What csq.sys imports, and whether `ntsim faults` lets it fail.

use differential::machine;
use ntsim::fault::routine::{Fallible, fallible};
use object::read::pe::PeFile64;
use object::{NameOrOrdinal, Object as _};

#[test]
fn whatever_can_fail_of_what_csq_sys_calls_is_tried() {
    let file = std::fs::read(machine::path()).expect("csq.sys; `cargo make` builds it");
    let image = PeFile64::parse(&*file).expect("an image");
    let mut count = 0;
    for import in image.imports().expect("imports") {
        let NameOrOrdinal::Name(name) = import.expect("an import").name() else {
            panic!("an import without a name");
        };
        let name = std::str::from_utf8(name).expect("a name");
        let known = fallible(name);
        let tried = matches!(known, Some(Fallible::As(_) | Fallible::Never));
        assert!(tried, "{name}: {known:?}");
        count += 1;
    }
    assert!(count > 30, "{count}");
}
