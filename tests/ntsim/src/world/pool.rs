//! Pool blocks.

use std::collections::BTreeMap;

/// A block that is allocated.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Block {
    /// Length in bytes.
    pub size: usize,
    /// The driver's tag.
    pub tag: u32,
}

/// The blocks that are allocated, by address.
#[derive(Clone, Debug, Default, Hash)]
pub struct Pool {
    /// The blocks.
    pub blocks: BTreeMap<usize, Block>,
}

/// A tag as its four characters, in the order a person wrote them.
pub fn tag_name(tag: u32) -> String {
    tag.to_le_bytes()
        .iter()
        .map(|&byte| {
            if byte.is_ascii_graphic() {
                char::from(byte)
            } else {
                '.'
            }
        })
        .collect()
}
