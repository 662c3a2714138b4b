//! The module definition file by which the linker makes the forwarding ntoskrnl.exe.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use wine_supplied::{SUPPLIED, SYMBOL_PREFIX};

/// What Wine's own ntoskrnl.exe is called beside the forwarding one.
pub const BASE_DLL: &str = "ntosbase.dll";
/// The same in a forward, which has no extension.
const BASE: &str = "ntosbase";

/// Every name that Wine exports, forwarded to Wine, except the supplied ones, which are exported
/// whether Wine has them or not.
pub fn module_definition<'a>(wine_exports: impl IntoIterator<Item = &'a str>) -> String {
    let supplied: BTreeSet<&str> = SUPPLIED.iter().map(|row| row.name).collect();
    let mut text = String::from("LIBRARY ntoskrnl.exe\nEXPORTS\n");
    for name in &supplied {
        let _ = writeln!(text, "  {name} = {SYMBOL_PREFIX}{name}");
    }
    let forwarded: BTreeSet<&str> = wine_exports.into_iter().collect();
    for name in forwarded.difference(&supplied) {
        let _ = writeln!(text, "  {name} = {BASE}.{name}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_exported_once_and_supplied_ones_are_not_forwarded() {
        let text = module_definition(["DbgPrint", "IoCsqInsertIrp"]);
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(lines.len(), SUPPLIED.len() + 1);
        assert!(lines.contains(&"  DbgPrint = ntosbase.DbgPrint"));
        assert!(lines.contains(&"  IoCsqInsertIrp = wine_host_IoCsqInsertIrp"));
        // Supplied, and unknown to this Wine.
        assert!(lines.contains(&"  ExAllocatePool2 = wine_host_ExAllocatePool2"));
    }
}
