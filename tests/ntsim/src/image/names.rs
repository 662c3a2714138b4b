//! What reports call an address of the driver.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Image;

/// A place in the driver's code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The driver's name: its file's, without the extension.
    pub module: String,
    /// Where in the image (the RVA).
    pub offset: usize,
    /// The function and the offset in it, if a MAP or a PDB beside the driver tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<(String, usize)>,
    /// The source file and the line, if a PDB tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<(String, u32)>,
}

/// As a debugger writes it: `csq!csq_insert_irp+0x12 [callbacks.rs:112]`, or `csq+0x1040` without names.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.module)?;
        match &self.function {
            Some((name, 0)) => write!(formatter, "!{name}")?,
            Some((name, offset)) => write!(formatter, "!{name}+{offset:#x}")?,
            None => write!(formatter, "+{:#x}", self.offset)?,
        }
        if let Some((file, line)) = &self.source {
            let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
            write!(formatter, " [{name}:{line}]")?;
        }
        Ok(())
    }
}

impl Image {
    /// The places in the code that `words`, found on a stack, return to, innermost first. The first
    /// word may be an instruction pointer. What looks like a return address can be one that was left
    /// from an earlier call, so this is a hint and not a proof.
    #[must_use]
    pub fn call_sites(&self, words: &[usize]) -> Vec<Place> {
        const MOST: usize = 6;
        let mut sites = Vec::new();
        for (index, &word) in words.iter().enumerate() {
            let word = self.original(word).map_or(word, |at| self.base() + at);
            let is_code = self.code().any(|code| code.contains(&word));
            let is_call = is_code && self.follows_call(word);
            if is_code && (index == 0 || is_call) && sites.len() < MOST {
                sites.push(self.place_of(word, is_call));
            }
        }
        sites
    }

    /// Whether the instruction before `address` is a call.
    fn follows_call(&self, address: usize) -> bool {
        let offset = address.wrapping_sub(self.base());
        let byte = |back: usize| {
            offset
                .checked_sub(back)
                .and_then(|at| self.bytes.get(at))
                .copied()
        };
        let near = byte(5) == Some(0xe8);
        // FF /2 with a register, with a rip-relative address, or with a base and a displacement.
        let indirect = |back: usize, mask: u8, modrm: u8| {
            byte(back) == Some(0xff) && byte(back - 1).is_some_and(|it| it & mask == modrm)
        };
        near || indirect(2, 0xf8, 0xd0)
            || indirect(6, 0xff, 0x15)
            || indirect(3, 0xf8, 0x50)
            || indirect(2, 0xf8, 0x10)
    }

    /// The place of an instruction.
    #[must_use]
    pub fn place(&self, address: usize) -> Place {
        self.place_of(address, false)
    }

    /// The place of an instruction, or, if it is where a call returns to, of that call.
    #[must_use]
    pub fn place_of_caller(&self, address: usize) -> Place {
        let own = self.original(address);
        let address = own.map_or(address, |at| self.base() + at);
        self.place_of(address, self.follows_call(address))
    }

    fn place_of(&self, address: usize, after_call: bool) -> Place {
        let offset = self.original(address);
        let offset = offset.unwrap_or_else(|| address.wrapping_sub(self.base()));
        // The next line may begin behind a call.
        let within = offset.wrapping_sub(usize::from(after_call));
        let function = self.symbols.function(within);
        let source = self.symbols.source(within);
        Place {
            module: self.name.clone(),
            offset,
            function: function.map(|(start, name)| (name.to_owned(), offset - start)),
            source: source.map(|(file, line)| (file.to_owned(), line)),
        }
    }

    /// Whether an address is in the driver's code, or in what is executed in its place.
    #[must_use]
    pub fn is_code(&self, address: usize) -> bool {
        let address = self
            .original(address)
            .map_or(address, |at| self.base() + at);
        self.code().any(|code| code.contains(&address))
    }
}
