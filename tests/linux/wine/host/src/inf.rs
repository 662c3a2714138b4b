//! What Wine 8.0 and 10.0 do not understand in a correct INF.

use anyhow::{Context, Result, bail};

/// An INF that Wine can install, and how it differs.
#[derive(Debug)]
pub struct WineInf {
    /// The whole text.
    pub text: String,
    /// The one line that differs; `None` when Wine understands the INF as it is.
    pub change: Option<Change>,
}

/// One replaced line.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// Counted from 1.
    pub line: usize,
    /// As shipped.
    pub shipped: String,
    /// For Wine.
    pub wine: String,
}

/// Returns `inf` with the one line replaced that Wine would misread.
///
/// `%Mfg% = Standard,NTamd64.10.0...19041` tells Windows that the models are in the section
/// `[Standard.NTamd64.10.0...19041]`, for that Windows and later. Wine accepts the line, but looks
/// for `[Standard.NTamd64]`, `[Standard.NT]` and `[Standard]` only, finds nothing, and reports
/// success without having installed anything. The replacement names the section in full,
/// `%Mfg% = Standard.NTamd64.10.0...19041`, which Wine takes literally.
pub fn wine_inf(inf: &str) -> Result<WineInf> {
    let mut section = "";
    let mut change = None;
    for (index, line) in inf.lines().enumerate() {
        let statement = line.split(';').next().unwrap_or_default().trim();
        if let Some(name) = statement
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = name;
        } else if section.eq_ignore_ascii_case("Manufacturer")
            && let Some(wine) = replacement(statement)?
        {
            let change = change.replace(Change {
                line: index + 1,
                shipped: line.to_owned(),
                wine,
            });
            if change.is_some() {
                bail!("the INF has more than one manufacturer with a decorated models section");
            }
        }
    }
    let Some(change) = change else {
        return Ok(WineInf {
            text: inf.to_owned(),
            change: None,
        });
    };
    let models = change.wine.rsplit('=').next().unwrap_or_default().trim();
    let header = format!("[{models}]");
    if !inf
        .lines()
        .any(|line| line.trim().eq_ignore_ascii_case(&header))
    {
        bail!("the INF's [Manufacturer] names a section {header}, which it does not have");
    }
    let text = inf
        .split_inclusive('\n')
        .enumerate()
        .map(|(index, line)| {
            if index + 1 == change.line {
                line.replacen(&change.shipped, &change.wine, 1)
            } else {
                line.to_owned()
            }
        })
        .collect();
    Ok(WineInf {
        text,
        change: Some(change),
    })
}

/// What has to stand instead of a statement of `[Manufacturer]`, if Wine misreads it.
fn replacement(statement: &str) -> Result<Option<String>> {
    let Some((models, decorations)) = statement.split_once(',') else {
        return Ok(None);
    };
    let decorations: Vec<&str> = decorations.split(',').map(str::trim).collect();
    if decorations
        .iter()
        .any(|d| d.eq_ignore_ascii_case("NTamd64"))
    {
        return Ok(None);
    }
    let decoration = decorations
        .iter()
        .find(|decoration| decoration.to_ascii_lowercase().starts_with("ntamd64."))
        .with_context(|| format!("the INF has nothing for x86-64 in `{statement}`"))?;
    Ok(Some(format!("{}.{decoration}", models.trim_end())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that differ, as (number, shipped, wine).
    fn differences<'a>(shipped: &'a str, wine: &'a str) -> Vec<(usize, &'a str, &'a str)> {
        let (shipped, wine) = (shipped.split('\n'), wine.split('\n'));
        assert_eq!(shipped.clone().count(), wine.clone().count());
        (1..)
            .zip(shipped.zip(wine))
            .filter(|(_, (shipped, wine))| shipped != wine)
            .map(|(number, (shipped, wine))| (number, shipped, wine))
            .collect()
    }

    #[test]
    fn one_line_of_the_shipped_inf_is_the_only_difference() {
        let shipped = include_str!("../../../../../inf/csq.inx").replace("$ARCH$", "amd64");
        let wine = wine_inf(&shipped).unwrap();
        let change = wine.change.unwrap();
        let [(line, before, after)] = differences(&shipped, &wine.text)[..] else {
            panic!("{}", wine.text);
        };
        assert_eq!(line, change.line);
        assert_eq!(before.trim_end(), change.shipped);
        assert_eq!(after.trim_end(), change.wine);
        // And in that line only where the models section is named.
        assert_eq!(change.shipped, change.wine.replacen('.', ",", 1));
    }

    #[test]
    fn line_ends_and_the_rest_of_the_file_stay() {
        let shipped = "[Version]\r\nClass=Csq\r\n\r\n[Manufacturer]\r\n\
            %Mfg% = Standard,NTamd64.10.0...19041,NTarm64.10.0...19041 ; Windows 10 2004\r\n\r\n\
            [Standard.NTamd64.10.0...19041]\r\n%Dev% = Install,Root\\CSQ\r\n\r\n\
            [Standard.NTarm64.10.0...19041]\r\n%Dev% = Install,Root\\CSQ\r\n";
        let wine = wine_inf(shipped).unwrap();
        let [(5, _, line)] = differences(shipped, &wine.text)[..] else {
            panic!("{}", wine.text);
        };
        assert_eq!(line, "%Mfg% = Standard.NTamd64.10.0...19041\r");
    }

    #[test]
    fn an_inf_that_wine_understands_stays_as_it_is() {
        for manufacturer in [
            "%Mfg%=Standard,NTamd64",
            "%Mfg%=Standard",
            "; %Mfg%=A,NTx.1",
        ] {
            let inf = format!("[Manufacturer]\n{manufacturer}\n[Standard.NTamd64]\n");
            let wine = wine_inf(&inf).unwrap();
            assert_eq!(wine.text, inf);
            assert_eq!(wine.change, None);
        }
    }

    #[test]
    fn an_inf_that_cannot_work_is_refused() {
        for inf in [
            "[Manufacturer]\n%Mfg%=S,NTarm64.10.0\n[S.NTarm64.10.0]\n",
            "[Manufacturer]\n%Mfg%=S,NTamd64.10.0\n[S]\n",
            "[Manufacturer]\nA=S,NTamd64.10.0\nB=S,NTamd64.10.0\n[S.NTamd64.10.0]\n",
        ] {
            assert!(wine_inf(inf).is_err(), "{inf}");
        }
    }
}
