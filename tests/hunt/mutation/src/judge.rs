//! What finds mutants: the commands of `judges.txt`.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

/// A command that exits with 0 if it finds nothing.
pub struct Judge {
    /// What it is called.
    pub name: String,
    words: Vec<String>,
    limit: Duration,
}

/// What a judge says.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is wrong.
    Nothing,
    /// Something is: the rule, or the exit code.
    Found(String),
    /// It did not come to an end.
    Endless,
}

/// Reads the judges. Programs are those of `programs`.
pub fn read(file: &Path, programs: &Path) -> Result<Vec<Judge>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let mut judges = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace().map(str::to_owned);
        let (Some(name), Some(program)) = (words.next(), words.next()) else {
            bail!("{}: a judge is NAME COMMAND, not '{line}'", file.display());
        };
        let program = programs.join(program).display().to_string();
        judges.push(Judge {
            name,
            words: std::iter::once(program).chain(words).collect(),
            limit: Duration::from_mins(10),
        });
    }
    ensure!(!judges.is_empty(), "{}: no judges", file.display());
    Ok(judges)
}

impl Judge {
    /// Judges the unchanged driver, which must pass, and limits the time for others by how long
    /// that takes.
    pub fn calibrate(&mut self, driver: &Path, directory: &Path) -> Result<()> {
        let start = Instant::now();
        let verdict = self.judge(driver, directory)?;
        ensure!(
            verdict == Verdict::Nothing,
            "the judge {} does not pass the driver as it is: {verdict:?}",
            self.name
        );
        self.limit = start.elapsed() * 10 + Duration::from_secs(20);
        Ok(())
    }

    /// Judges a driver. `directory` is where it is, and gets what the judge prints.
    pub fn judge(&self, driver: &Path, directory: &Path) -> Result<Verdict> {
        let mut words = self.words.iter().map(|word| {
            word.replace("{driver}", &driver.display().to_string())
                .replace("{directory}", &directory.display().to_string())
        });
        let program = PathBuf::from(words.next().unwrap_or_default());
        let said = directory.join("said.txt");
        let output = File::create(&said)?;
        let mut child = Command::new(&program)
            .args(words)
            .stdin(Stdio::null())
            .stderr(output.try_clone()?)
            .stdout(output)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let start = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(if status.success() {
                    Verdict::Nothing
                } else {
                    let rule = finding(&text_of(&said)?);
                    Verdict::Found(rule.unwrap_or_else(|| status.to_string()))
                });
            }
            // Searches go on after what they have found.
            let found = finding(&text_of(&said)?);
            if found.is_some() || start.elapsed() > self.limit {
                child.kill()?;
                child.wait()?;
                return Ok(found.map_or(Verdict::Endless, Verdict::Found));
            }
            sleep(Duration::from_millis(20));
        }
    }
}

fn text_of(file: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    File::open(file)?.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The rule of ntsim that is broken.
fn finding(said: &str) -> Option<String> {
    let rest = said.lines().find_map(|line| line.strip_prefix("FOUND "))?;
    Some(rest.split(':').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(script: &str, limit: u64) -> Verdict {
        let directory = std::env::temp_dir().join(format!("judge-{}-{limit}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let judge = Judge {
            name: "test".to_owned(),
            words: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
            limit: Duration::from_millis(limit),
        };
        judge.judge(Path::new("csq.sys"), &directory).unwrap()
    }

    #[test]
    fn verdicts() {
        assert_eq!(judge("true", 5001), Verdict::Nothing);
        assert_eq!(
            judge("exit 3", 5002),
            Verdict::Found("exit status: 3".to_owned())
        );
        let found = Verdict::Found("irp-lost".to_owned());
        assert_eq!(
            judge("echo FOUND irp-lost: it is; exec sleep 60", 5003),
            found
        );
        assert_eq!(judge("exec sleep 60", 54), Verdict::Endless);
    }
}
