//! UTF-16 strings as Windows wants them.

/// A string with the NUL behind it.
#[must_use]
pub fn terminated(string: &str) -> Vec<u16> {
    string.encode_utf16().chain([0]).collect()
}

/// A list of strings (`REG_MULTI_SZ`): a NUL behind each, and one more behind all.
#[must_use]
pub fn multi(strings: &[&str]) -> Vec<u16> {
    let each = strings
        .iter()
        .flat_map(|string| string.encode_utf16().chain([0]));
    each.chain([0]).collect()
}

/// The strings of a list (`REG_MULTI_SZ`), or the one of a `REG_SZ`.
#[must_use]
pub fn strings(units: &[u16]) -> Vec<String> {
    units
        .split(|unit| *unit == 0)
        .filter(|string| !string.is_empty())
        .map(String::from_utf16_lossy)
        .collect()
}

/// The units of a buffer of little-endian bytes; an odd last byte is left out.
#[must_use]
pub fn units(bytes: &[u8]) -> Vec<u16> {
    bytes
        .chunks_exact(2)
        .filter_map(|pair| pair.try_into().ok().map(u16::from_le_bytes))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_survives_the_round_trip() {
        let list = multi(&[r"Root\CSQ", "Ä"]);
        assert_eq!(list.last_chunk(), Some(&[0, 0]));
        assert_eq!(strings(&list), [r"Root\CSQ", "Ä"]);
        assert!(strings(&multi(&[])).is_empty());
    }

    #[test]
    fn an_odd_byte_is_left_out() {
        assert_eq!(units(&[0x41, 0, 0x42, 0, 7]), [0x41, 0x42]);
    }

    #[test]
    fn a_terminated_string_ends_in_one_nul() {
        assert_eq!(terminated("ab"), [0x61, 0x62, 0]);
    }
}
