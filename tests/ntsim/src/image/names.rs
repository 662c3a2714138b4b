//! What reports call an address of the driver.

use super::Image;

impl Image {
    /// The places in the code that `words`, found on a stack, return to, innermost first. The first
    /// word may be an instruction pointer. What looks like a return address can be one that was left
    /// from an earlier call, so this is a hint and not a proof.
    #[must_use]
    pub fn call_sites(&self, words: &[usize]) -> Vec<String> {
        const MOST: usize = 6;
        let mut sites = Vec::new();
        for (index, &word) in words.iter().enumerate() {
            let word = self.original(word).map_or(word, |at| self.base() + at);
            let is_code = self.code().any(|code| code.contains(&word));
            if is_code && (index == 0 || self.follows_call(word)) && sites.len() < MOST {
                sites.push(self.describe(word));
            }
        }
        sites
    }

    /// Whether the instruction before `address` is a call.
    fn follows_call(&self, address: usize) -> bool {
        let offset = address - self.base();
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

    /// Names an address in the image: `driver+0x1040 (csq_insert_irp)`.
    #[must_use]
    pub fn describe(&self, address: usize) -> String {
        let offset = self.original(address);
        let offset = offset.unwrap_or_else(|| address.wrapping_sub(self.base()));
        match self.symbols.at(offset) {
            Some(function) => format!("driver+{offset:#x} ({function})"),
            None => format!("driver+{offset:#x}"),
        }
    }
}
