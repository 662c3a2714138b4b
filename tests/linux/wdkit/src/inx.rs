//! What the WDK's `stampinf` does to an .inx file: fills in the architecture, the date and the
//! version.

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use der::DateTime;

/// What a driver is built for, by the name INF files have for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Architecture {
    /// x86-64
    Amd64,
    /// 64-bit Arm
    Arm64,
}

/// What is filled in.
#[derive(Debug)]
pub struct Stamp {
    architecture: &'static str,
    /// `mm/dd/yyyy,w.x.y.z`
    driver_version: String,
    /// `1.33`
    kmdf: Option<String>,
}

impl Stamp {
    /// With `version` as x.y.z or w.x.y.z.
    ///
    /// # Errors
    ///
    /// It is neither.
    pub fn new(architecture: Architecture, date: DateTime, version: &str) -> Result<Self> {
        let [major, minor, patch, build] =
            numbers(version).with_context(|| format!("'{version}' is not a version"))?;
        Ok(Self {
            architecture: match architecture {
                Architecture::Amd64 => "amd64",
                Architecture::Arm64 => "arm64",
            },
            driver_version: format!(
                "{:02}/{:02}/{:04},{major}.{minor}.{patch}.{build}",
                date.month(),
                date.day(),
                date.year()
            ),
            kmdf: None,
        })
    }

    /// The same for a driver on version `version` of KMDF, such as 1.33.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn with_kmdf(self, version: &str) -> Result<Self> {
        let parts: Vec<&str> = version.split('.').collect();
        if parts.len() != 2 || parts.iter().any(|part| part.parse::<u16>().is_err()) {
            bail!("'{version}' is no version of KMDF; one is 1.33");
        }
        Ok(Self {
            kmdf: Some(version.to_owned()),
            ..self
        })
    }

    /// `Inf2Cat`'s name for the Windows versions that upstream's makefile catalogs for.
    #[must_use]
    pub fn catalog_system(&self) -> &'static str {
        match self.architecture {
            "arm64" => "_v100_ARM64",
            _ => "_v100_X64",
        }
    }

    /// The INF for an .inx source.
    ///
    /// # Errors
    ///
    /// It has not one `DriverVer`.
    pub fn apply(&self, source: &str) -> Result<String> {
        let mut stamped = 0;
        let lines = source.split_inclusive('\n').map(|line| {
            let Some((before, after)) = around_driver_version(line) else {
                let line = line.replace("$ARCH$", self.architecture);
                return match &self.kmdf {
                    Some(version) => line.replace("$KMDFVERSION$", version),
                    None => line,
                };
            };
            stamped += 1;
            format!("{before}{}{after}", self.driver_version)
        });
        let inf = lines.collect();
        if stamped != 1 {
            bail!("it has {stamped} DriverVer lines where there must be one");
        }
        Ok(inf)
    }
}

/// What is before and after the value of a `DriverVer` line, which may be empty; `None` for any other
/// line.
fn around_driver_version(line: &str) -> Option<(&str, &str)> {
    let (statement, end) = line.split_at(line.trim_end().len());
    let (key, value) = statement.split_once('=')?;
    if !key.trim().eq_ignore_ascii_case("DriverVer") {
        return None;
    }
    let before = statement.len() - value.trim_start().len();
    Some((statement.get(..before)?, end))
}

fn numbers(text: &str) -> Result<[u16; 4]> {
    let mut parts: Vec<u16> = text.split('.').map(str::parse).collect::<Result<_, _>>()?;
    if parts.len() == 3 {
        parts.push(0);
    }
    parts
        .try_into()
        .map_err(|parts: Vec<u16>| anyhow::anyhow!("it has {} parts", parts.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "[Version]\r\nDriverVer = 01/01/2026,0.0.0.0\r\n[Manufacturer]\r\n%P% = M,NT$ARCH$.10.0\r\n[M.NT$ARCH$.10.0]\r\n";

    fn date() -> DateTime {
        DateTime::new(2026, 11, 22, 23, 59, 59).unwrap()
    }

    #[test]
    fn fills_in_architecture_date_and_version_and_nothing_else() {
        let stamp = Stamp::new(Architecture::Amd64, date(), "1.2.3").unwrap();
        assert_eq!(
            stamp.apply(SOURCE).unwrap(),
            "[Version]\r\nDriverVer = 11/22/2026,1.2.3.0\r\n[Manufacturer]\r\n%P% = M,NTamd64.10.0\r\n[M.NTamd64.10.0]\r\n"
        );
    }

    #[test]
    fn arm64_has_its_own_decoration() {
        let stamp = Stamp::new(Architecture::Arm64, date(), "1.2.3").unwrap();
        assert!(stamp.apply(SOURCE).unwrap().contains("[M.NTarm64.10.0]"));
    }

    #[test]
    fn only_the_value_is_replaced_whatever_it_is() {
        let stamp = Stamp::new(Architecture::Amd64, date(), "1.2.3").unwrap();
        for (line, stamped) in [
            ("DriverVer=", "DriverVer=11/22/2026,1.2.3.0"),
            ("DriverVer = \r\n", "DriverVer =11/22/2026,1.2.3.0 \r\n"),
            ("DriverVer = D\n", "DriverVer = 11/22/2026,1.2.3.0\n"),
            ("driverver=a=b ; c\n", "driverver=11/22/2026,1.2.3.0\n"),
        ] {
            assert_eq!(stamp.apply(line).unwrap(), stamped);
        }
    }

    #[test]
    fn a_source_without_driver_version_is_refused() {
        let stamp = Stamp::new(Architecture::Amd64, date(), "1.2.3").unwrap();
        assert!(stamp.apply("[Version]\r\n").is_err());
    }

    #[test]
    fn four_numbers_and_the_frameworks_version_are_filled_in() {
        let stamp = Stamp::new(Architecture::Amd64, date(), "1.2.3.4").unwrap();
        let stamp = stamp.with_kmdf("1.33").unwrap();
        let inf = stamp.apply("DriverVer=\nKmdfLibraryVersion = $KMDFVERSION$\n");
        assert_eq!(
            inf.unwrap(),
            "DriverVer=11/22/2026,1.2.3.4\nKmdfLibraryVersion = 1.33\n"
        );
        let stamp = Stamp::new(Architecture::Amd64, date(), "1.2.3.4").unwrap();
        assert!(stamp.with_kmdf("33").is_err());
    }

    #[test]
    fn a_version_of_two_numbers_is_refused() {
        assert!(Stamp::new(Architecture::Amd64, date(), "1.2").is_err());
    }
}
