//! Reads a security descriptor string: [Security Descriptor String Format][sddl].
//!
//! [sddl]: https://learn.microsoft.com/windows/win32/secauthz/security-descriptor-string-format

/// The rights that have a name of two letters.
const RIGHTS: [&str; 32] = [
    "GA", "GR", "GW", "GX", "RC", "SD", "WD", "WO", "RP", "WP", "CC", "DC", "LC", "SW", "LO", "DT",
    "CR", "FA", "FR", "FW", "FX", "KA", "KR", "KW", "KX", "NR", "NW", "NX", "AS", "MA", "UA", "SA",
];

/// The kinds of entry that are used with devices.
const KINDS: [&str; 7] = ["A", "D", "AU", "AL", "ML", "OA", "OD"];

/// How an entry is handed on.
const INHERITANCE: [&str; 7] = ["CI", "OI", "NP", "IO", "ID", "SA", "FA"];

/// What an access control list as a whole says.
const CONTROL: [&str; 3] = ["P", "AR", "AI"];

/// The accounts that have a name of two letters.
const ACCOUNTS: [&str; 57] = [
    "AN", "AO", "AU", "BA", "BG", "BO", "BU", "CA", "CD", "CG", "CO", "DA", "DC", "DD", "DG", "DU",
    "EA", "ED", "ER", "ES", "HA", "HI", "IS", "IU", "LA", "LG", "LS", "LU", "LW", "ME", "MP", "MU",
    "NO", "NS", "NU", "OW", "PA", "PO", "PS", "PU", "RA", "RC", "RD", "RE", "RM", "RO", "RS", "RU",
    "SA", "SI", "SO", "SS", "SU", "SY", "UD", "WD", "AC",
];

/// Reads `text`.
///
/// # Errors
///
/// It is none; the text says where.
pub fn parse(text: &str) -> Result<(), String> {
    let mut rest = text.trim();
    let mut lists = 0;
    while !rest.is_empty() {
        let (part, after) = rest
            .split_once(':')
            .ok_or_else(|| format!("'{rest}' does not begin with O:, G:, D: or S:"))?;
        rest = match part {
            "O" | "G" => account(after)?,
            "D" | "S" => {
                lists += 1;
                list(after)?
            }
            _ => return Err(format!("'{part}:' is not O:, G:, D: or S:")),
        };
    }
    if lists == 0 {
        return Err("it has no access control list, D: or S:".to_owned());
    }
    Ok(())
}

/// Reads an account at the beginning of `text`, and returns what follows.
fn account(text: &str) -> Result<&str, String> {
    if text.starts_with("S-1-") {
        let end = text
            .find(|c: char| !(c.is_ascii_hexdigit() || "Ss-x".contains(c)))
            .unwrap_or(text.len());
        // The next part's letter may look like a hexadecimal digit: `S-1-5-18D:`.
        let end = match text.get(end..) {
            Some(rest) if rest.starts_with(':') => end.saturating_sub(1),
            _ => end,
        };
        let (identifier, rest) = text.split_at(end);
        let numbers = identifier.split('-').skip(2);
        if numbers.clone().count() < 2 || numbers.clone().any(|number| !is_number(number)) {
            return Err(format!("'{identifier}' is not a security identifier"));
        }
        return Ok(rest);
    }
    match text.split_at_checked(2) {
        Some((name, rest)) if ACCOUNTS.contains(&name) => Ok(rest),
        _ => Err(format!("'{text}' does not begin with an account")),
    }
}

fn is_number(text: &str) -> bool {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).is_ok(),
        None => text.parse::<u64>().is_ok(),
    }
}

/// Reads an access control list at the beginning of `text`, and returns what follows.
fn list(text: &str) -> Result<&str, String> {
    let mut rest = text;
    while let Some(after) = CONTROL.iter().find_map(|flag| rest.strip_prefix(flag)) {
        rest = after;
    }
    while let Some(after) = rest.strip_prefix('(') {
        let (inside, after) = after
            .split_once(')')
            .ok_or_else(|| format!("'{rest}' has no closing parenthesis"))?;
        entry(inside)?;
        rest = after;
    }
    Ok(rest)
}

/// Reads `kind;flags;rights;object;inherited object;account`.
fn entry(text: &str) -> Result<(), String> {
    let parts: Vec<&str> = text.split(';').collect();
    let [kind, flags, rights, _, _, who] = parts[..] else {
        return Err(format!("'({text})' has {} parts and not six", parts.len()));
    };
    if !KINDS.contains(&kind) {
        return Err(format!("'{kind}' in '({text})' is no kind of entry"));
    }
    pairs(flags, &INHERITANCE).ok_or_else(|| format!("'{flags}' in '({text})' is no flag"))?;
    if !is_number(rights) {
        let known = pairs(rights, &RIGHTS).is_some();
        if !known || rights.is_empty() {
            return Err(format!("'{rights}' in '({text})' is no right"));
        }
    }
    match account(who)? {
        "" => Ok(()),
        _ => Err(format!("'{who}' in '({text})' is no account")),
    }
}

/// Whether `text` consists of `names`, each two letters long.
fn pairs(text: &str, names: &[&str]) -> Option<()> {
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_at_checked(2)?;
        names.contains(&name).then_some(())?;
        rest = after;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_that_drivers_have() {
        for text in [
            "D:P(A;;GA;;;SY)(A;;GA;;;BA)",
            "D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GR;;;WD)(A;;GR;;;RC)",
            "O:BAG:SYD:(A;;0x1f01ff;;;S-1-5-32-544)",
            "O:S-1-5-18D:P(A;;FA;;;SY)",
            "D:PAI(A;OICI;GA;;;AU)S:(ML;;NW;;;LW)",
            "D:P",
        ] {
            assert_eq!(parse(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_is_none() {
        for text in [
            "",
            "O:BA",
            "P(A;;GA;;;SY)",
            "D:P(A;;GA;;;SY",
            "D:P(A;;GA;;SY)",
            "D:P(B;;GA;;;SY)",
            "D:P(A;XX;GA;;;SY)",
            "D:P(A;;GZ;;;SY)",
            "D:P(A;;;;;SY)",
            "D:P(A;;GA;;;ZZ)",
            "D:P(A;;GA;;;SYSY)",
            "D:P(A;;GA;;;S-1-x)",
            "D:P(A;;GA;;;SY)junk",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
