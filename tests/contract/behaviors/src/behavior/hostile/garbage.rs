//! Calls that make no sense, or nearly none: the same ones on every host.

use crate::sample;
use csq_protocol::{MAX_PAYLOAD, ioctl};

/// A device control call.
pub struct Nonsense {
    /// The control code.
    pub code: u32,
    /// The input.
    pub input: Vec<u8>,
    /// The length of the output buffer.
    pub output_length: usize,
}

/// A source of calls: xorshift64*, by G. Marsaglia and S. Vigna.
pub struct Garbage {
    state: u64,
    servers_too: bool,
}

/// Lengths at which something begins or ends: structures, payloads, pages.
const LENGTHS: [usize; 12] = [
    0,
    1,
    7,
    8,
    23,
    24,
    25,
    MAX_PAYLOAD as usize - 1,
    MAX_PAYLOAD as usize,
    MAX_PAYLOAD as usize + 24,
    MAX_PAYLOAD as usize + 25,
    1 << 16,
];

impl Garbage {
    /// With or without the codes of servers.
    pub const fn new(servers_too: bool) -> Self {
        Self {
            state: 0x9e37_79b9_7f4a_7c15,
            servers_too,
        }
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 32) as usize % bound
    }

    fn one_of<V: Copy + Default>(&mut self, values: &[V]) -> V {
        let index = self.below(values.len());
        values.get(index).copied().unwrap_or_default()
    }

    /// The next call.
    pub fn next_call(&mut self) -> Nonsense {
        let code = self.code();
        let mut input = match self.below(3) {
            0 => {
                let length = self.one_of(&LENGTHS);
                (0..length).map(|_| (self.next() >> 56) as u8).collect()
            }
            1 => vec![self.one_of(&[0, 0xff, 0x7f]); self.one_of(&LENGTHS)],
            _ => sample::well_formed(code),
        };
        if !input.is_empty() && self.below(2) == 0 {
            let place = self.below(input.len());
            let bit = 1 << self.below(8);
            if let Some(byte) = input.get_mut(place) {
                *byte ^= bit;
            }
        }
        if self.below(4) == 0 {
            let length = self.below(input.len() + 1);
            input.truncate(length);
        }
        Nonsense {
            code,
            input,
            output_length: self.one_of(&LENGTHS),
        }
    }

    /// A code of the driver, one of its codes but for a bit, or any number.
    fn code(&mut self) -> u32 {
        loop {
            let known = self.one_of(&ioctl::ALL.map(|(code, _)| code));
            let code = match self.below(4) {
                0 => known ^ (1 << self.below(32)),
                1 => (self.next() >> 32) as u32,
                _ => known,
            };
            let of_a_server = ioctl::ALL.iter().any(|(it, _)| *it == code)
                && ioctl::access(code) == ioctl::Access::Server as u32;
            if self.servers_too || !of_a_server {
                return code;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_among_it_with_good_and_bad_input() {
        let mut garbage = Garbage::new(true);
        let calls: Vec<Nonsense> = (0..400).map(|_| garbage.next_call()).collect();
        for (code, name) in ioctl::ALL {
            let good = sample::well_formed(code);
            let of_it = || calls.iter().filter(|call| call.code == code);
            assert!(of_it().any(|call| call.input == good), "{name}");
            assert!(of_it().any(|call| call.input != good), "{name}");
        }
        let is_known = |call: &&Nonsense| ioctl::ALL.iter().any(|(code, _)| *code == call.code);
        assert!(calls.iter().filter(is_known).count() < calls.len());
    }

    #[test]
    fn codes_of_servers_can_be_left_out() {
        let mut garbage = Garbage::new(false);
        let code = |call: Nonsense| call.code;
        let none = (0..400).map(|_| code(garbage.next_call()));
        assert!(none.filter(|code| *code == ioctl::COMPLETE_NEXT).count() == 0);
    }
}
