//! What an INF writes behind a section's name: for which architecture and which Windows.

/// `NT[architecture][.[major][.[minor][.[product][.[suite][.[build]]]]]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoration {
    /// `amd64`, `arm64`, `arm`, `x86` or nothing.
    pub architecture: String,
    /// 10 since Windows 10.
    pub major: u32,
    /// 19041 for Windows 10 2004.
    pub build: u32,
}

impl Decoration {
    /// What `text` says; `None` if it says nothing that Windows understands.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let mut parts = lower.strip_prefix("nt")?.split('.');
        let architecture = parts.next()?.to_owned();
        if !["", "amd64", "arm64", "arm", "x86", "ia64"].contains(&&*architecture) {
            return None;
        }
        let numbers = parts
            .map(|part| match (part, part.strip_prefix("0x")) {
                ("", _) => Some(0),
                (_, Some(digits)) => u32::from_str_radix(digits, 16).ok(),
                _ => part.parse().ok(),
            })
            .collect::<Option<Vec<u32>>>()?;
        if numbers.len() > 5 {
            return None;
        }
        let number = |index: usize| numbers.get(index).copied().unwrap_or(0);
        Some(Self {
            architecture,
            major: number(0),
            build: number(4),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_windows_understands() {
        let parsed = Decoration::parse("NTamd64.10.0...19041").unwrap();
        assert_eq!(
            (&*parsed.architecture, parsed.major, parsed.build),
            ("amd64", 10, 19041)
        );
        assert_eq!(Decoration::parse("NT.6.1").unwrap().architecture, "");
        for text in ["", "amd64", "NTamd46", "NTamd64.ten", "NTamd64.1.2.3.4.5.6"] {
            assert_eq!(Decoration::parse(text), None, "{text}");
        }
    }
}
