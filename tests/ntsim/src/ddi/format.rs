//! The format strings of `DbgPrint`, `sprintf` and their relatives.

use crate::guest;
use crate::nt::unicode_string;

/// Where the arguments come from: each has eight bytes.
pub trait Arguments {
    /// The next one.
    fn next(&mut self) -> u64;
}

/// A `va_list`.
pub struct List(pub usize);

impl Arguments for List {
    fn next(&mut self) -> u64 {
        let value = guest::read(self.0);
        self.0 += size_of::<u64>();
        value
    }
}

/// Those of a call.
impl<const N: usize> Arguments for std::array::IntoIter<usize, N> {
    fn next(&mut self) -> u64 {
        Iterator::next(self).unwrap_or(0) as u64
    }
}

/// The letters of a string of bytes, to its zero or to a limit.
pub fn narrow(address: usize, limit: usize) -> Vec<u16> {
    let mut letters = Vec::new();
    while letters.len() < limit {
        match guest::read::<u8>(address + letters.len()) {
            0 => break,
            letter => letters.push(u16::from(letter)),
        }
    }
    letters
}

/// The letters of a string of UTF-16 units, to its zero or to a limit.
pub fn wide(address: usize, limit: usize) -> Vec<u16> {
    let mut letters = Vec::new();
    while letters.len() < limit {
        match guest::read::<u16>(address + letters.len() * 2) {
            0 => break,
            letter => letters.push(letter),
        }
    }
    letters
}

/// How a value is to be written.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
struct Field {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zeros: bool,
    width: usize,
    precision: Option<usize>,
    /// How many bytes the value has.
    size: usize,
    /// `w` or `l`, and `h`.
    wide: bool,
    short: bool,
}

impl Field {
    fn pad(&self, text: Vec<u16>, signs: usize) -> Vec<u16> {
        let missing = self.width.saturating_sub(text.len());
        let fill = |letter: u8| std::iter::repeat_n(u16::from(letter), missing);
        if self.left {
            text.into_iter().chain(fill(b' ')).collect()
        } else if self.zeros {
            let (sign, digits) = text.split_at_checked(signs).unwrap_or_default();
            sign.iter()
                .copied()
                .chain(fill(b'0'))
                .chain(digits.iter().copied())
                .collect()
        } else {
            fill(b' ').chain(text).collect()
        }
    }

    fn number(&self, digits: &str, sign: &str) -> Vec<u16> {
        let least = self.precision.unwrap_or(1);
        let text = format!("{sign}{digits:0>least$}");
        self.pad(text.encode_utf16().collect(), sign.len())
    }

    /// The value, without what an argument of its size does not have.
    const fn cut(&self, value: u64) -> u64 {
        match self.size {
            1 => value as u8 as u64,
            2 => value as u16 as u64,
            4 => value as u32 as u64,
            _ => value,
        }
    }

    const fn signed(&self, value: u64) -> i64 {
        match self.size {
            1 => value as i8 as i64,
            2 => value as i16 as i64,
            4 => value as i32 as i64,
            _ => value as i64,
        }
    }

    fn write(&self, kind: char, arguments: &mut impl Arguments, is_wide: bool) -> Vec<u16> {
        let limit = self.precision.unwrap_or(usize::MAX);
        match kind {
            'd' | 'i' => {
                let value = self.signed(arguments.next());
                let sign = match value {
                    ..0 => "-",
                    _ if self.plus => "+",
                    _ if self.space => " ",
                    _ => "",
                };
                self.number(&value.unsigned_abs().to_string(), sign)
            }
            'u' => self.number(&self.cut(arguments.next()).to_string(), ""),
            'o' => self.number(&format!("{:o}", self.cut(arguments.next())), ""),
            'x' => {
                let sign = if self.alternate { "0x" } else { "" };
                self.number(&format!("{:x}", self.cut(arguments.next())), sign)
            }
            'X' => {
                let sign = if self.alternate { "0X" } else { "" };
                self.number(&format!("{:X}", self.cut(arguments.next())), sign)
            }
            'p' => self.number(&format!("{:016X}", arguments.next()), ""),
            'c' | 'C' => self.pad(vec![arguments.next() as u16], 0),
            's' | 'S' => {
                let address = arguments.next() as usize;
                let is_wide = if self.wide {
                    true
                } else if self.short {
                    false
                } else {
                    (kind == 's') == is_wide
                };
                let text = match (address, is_wide) {
                    (0, _) => "(null)".encode_utf16().collect(),
                    (_, true) => wide(address, limit),
                    (_, false) => narrow(address, limit),
                };
                self.pad(text, 0)
            }
            'Z' => {
                let string = arguments.next() as usize;
                let text = if string == 0 {
                    "(null)".into()
                } else if self.wide {
                    unicode_string::text(string)
                } else {
                    let length: u16 = guest::read(string);
                    let buffer: usize = guest::read(string + unicode_string::BUFFER);
                    String::from_utf16_lossy(&narrow(buffer, usize::from(length)))
                };
                self.pad(text.encode_utf16().collect(), 0)
            }
            other => vec![other as u16],
        }
    }
}

/// The text that a format and its arguments make. In a wide format `%s` is a wide string.
pub fn format(template: &[u16], arguments: &mut impl Arguments, is_wide: bool) -> Vec<u16> {
    let mut text = Vec::new();
    let mut letters = template
        .iter()
        .map(|unit| char::from_u32(u32::from(*unit)).unwrap_or('?'))
        .peekable();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.extend(letter.encode_utf16(&mut [0; 2]).iter());
            continue;
        }
        let mut field = Field {
            size: 4,
            ..Field::default()
        };
        while let Some(flag) = letters.next_if(|letter| "-+ #0".contains(*letter)) {
            match flag {
                '-' => field.left = true,
                '+' => field.plus = true,
                ' ' => field.space = true,
                '#' => field.alternate = true,
                _ => field.zeros = true,
            }
        }
        let mut number = |arguments: &mut dyn FnMut() -> u64| {
            if letters.next_if_eq(&'*').is_some() {
                return Some(arguments() as i32);
            }
            let mut value = None;
            while let Some(digit) = letters.peek().and_then(|letter| letter.to_digit(10)) {
                letters.next();
                value = Some(value.unwrap_or(0) * 10 + digit as i32);
            }
            value
        };
        if let Some(width) = number(&mut || arguments.next()) {
            field.left |= width < 0;
            field.width = width.unsigned_abs() as usize;
        }
        if letters.next_if_eq(&'.').is_some() {
            let mut number = || {
                if letters.next_if_eq(&'*').is_some() {
                    return arguments.next() as i32;
                }
                let mut value = 0;
                while let Some(digit) = letters.peek().and_then(|letter| letter.to_digit(10)) {
                    letters.next();
                    value = value * 10 + digit as i32;
                }
                value
            };
            field.precision = usize::try_from(number()).ok();
        }
        while let Some(size) = letters.next_if(|letter| "hlIwLjzt".contains(*letter)) {
            match size {
                'h' => {
                    field.size = if field.short { 1 } else { 2 };
                    field.short = true;
                }
                'l' => {
                    field.size = if field.wide { 8 } else { 4 };
                    field.wide = true;
                }
                'w' => field.wide = true,
                'I' => {
                    field.size = 8;
                    for (digits, bytes) in [(['6', '4'], 8), (['3', '2'], 4)] {
                        if letters.next_if_eq(&digits[0]).is_some() {
                            letters.next();
                            field.size = bytes;
                        }
                    }
                }
                _ => field.size = 8,
            }
        }
        match letters.next() {
            Some('%') => text.push(u16::from(b'%')),
            Some(kind) => text.extend(field.write(kind, arguments, is_wide)),
            None => {}
        }
    }
    text
}
