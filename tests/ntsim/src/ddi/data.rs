//! What the kernel exports that is no routine: numbers, and the types of objects.

use crate::guest;
use crate::mapping::{Mapping, PAGE, Protection};
use crate::nt::user;

/// Variables with a number.
const NUMBERS: [(&str, usize); 9] = [
    ("InitSafeBootMode", 0),
    ("KdDebuggerEnabled", 0),
    ("KdDebuggerNotPresent", 1),
    ("KeNumberProcessors", 4),
    ("MmHighestUserAddress", user::PROBE_ADDRESS + 0xffff),
    ("MmSystemRangeStart", user::PROBE_ADDRESS + 0x1_0000),
    ("MmUserProbeAddress", user::PROBE_ADDRESS),
    // A free build, and its number.
    ("NtBuildNumber", 0xf000_65f4),
    ("NtGlobalFlag", 0),
];

/// Variables that point to a type of objects.
const TYPES: [&str; 16] = [
    "CmKeyObjectType",
    "ExActivationObjectType",
    "ExDesktopObjectType",
    "ExEventObjectType",
    "ExSemaphoreObjectType",
    "ExTimerObjectType",
    "ExWindowStationObjectType",
    "IoDeviceObjectType",
    "IoDriverObjectType",
    "IoFileObjectType",
    "LpcPortObjectType",
    "MmSectionObjectType",
    "PsProcessType",
    "PsThreadType",
    "SeTokenObjectType",
    "TmTransactionObjectType",
];

/// Bytes between two variables, and between two types.
const VARIABLE: usize = 0x10;
const TYPE: usize = 0x40;
/// Where the types are.
const FIRST_TYPE: usize = PAGE / 2;

/// The variables of one machine.
#[derive(Debug)]
pub struct Data {
    mapping: Mapping,
}

/// Their names.
pub fn names() -> impl Iterator<Item = &'static str> {
    let numbers = NUMBERS.iter().map(|(name, _)| *name);
    numbers.chain(TYPES)
}

impl Data {
    /// All of them.
    ///
    /// # Errors
    /// What mmap says.
    pub fn new() -> std::io::Result<Self> {
        let mapping = Mapping::new(PAGE, Protection::ReadWrite)?;
        let base = mapping.base();
        guest::add_range(base..base + PAGE);
        let this = Self { mapping };
        for (name, value) in NUMBERS {
            if let Some(address) = this.find(name) {
                guest::write(address, value);
            }
        }
        for name in TYPES {
            if let Some(address) = this.find(name) {
                guest::write(address, this.type_of(name));
            }
        }
        this.mapping.protect(0, PAGE, Protection::Read);
        Ok(this)
    }

    /// The address of a variable.
    pub fn find(&self, name: &str) -> Option<usize> {
        let index = names().position(|own| own == name)?;
        Some(self.mapping.base() + index * VARIABLE)
    }

    /// The type that a variable points to; 0 for none.
    pub fn type_of(&self, name: &str) -> usize {
        let index = TYPES.iter().position(|own| *own == name);
        index.map_or(0, |index| self.mapping.base() + FIRST_TYPE + index * TYPE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_types_lie_apart() {
        assert!(names().count() * VARIABLE <= FIRST_TYPE);
        assert!(FIRST_TYPE + TYPES.len() * TYPE <= PAGE);
    }
}
