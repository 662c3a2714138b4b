//! Kernel handles, what they stand for, and references to objects.

use super::World;

/// What has a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Named {
    /// A key of the registry, by its path.
    Key(String),
    /// A file, by its path.
    File(String),
}

/// A value of the registry: its type and its bytes.
pub type Value = (u32, Vec<u8>);

impl World {
    /// Makes a handle of an object.
    pub fn new_handle(&mut self, object: usize) -> usize {
        const FIRST: usize = 0x8000_0004;
        let last = self.handles.last_key_value();
        let handle = last.map_or(FIRST, |(handle, _)| handle + 4);
        self.handles.insert(handle, object);
        handle
    }
}
