//! How much memory processes have, and whether it grows.

use std::fs;

use serde::Serialize;

/// Growth that is none: what an allocator keeps differs from time to time.
const SLACK: u64 = 8 * 1024;
/// Samples at the beginning that do not count: caches fill.
const WARM_UP: usize = 20;

/// The resident memory of a process in KiB; `None` when there is no such process.
pub fn resident(process: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The numbers of all processes with this name.
pub fn processes(name: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let is_it = |process: &String| {
        // Linux keeps 15 characters of a name.
        let own = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
        let own = own.trim_end();
        !own.is_empty() && (own == name || own.len() == 15 && name.starts_with(own))
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(is_it)
        .collect()
}

/// The resident memory of something, sampled while it is at rest, in KiB.
#[derive(Debug, Default, Serialize)]
pub struct Resident {
    #[serde(skip)]
    samples: usize,
    /// After the warm-up, or, in a short run, at the beginning.
    pub first: u64,
    /// The most ever seen.
    pub most: u64,
    /// In the end.
    pub last: u64,
}

impl Resident {
    /// Takes a sample.
    pub fn sample(&mut self, now: u64) {
        if self.samples <= WARM_UP {
            self.first = self.first.max(now);
        }
        self.samples += 1;
        self.most = self.most.max(now);
        self.last = now;
    }

    /// What is wrong with it, if something is.
    pub fn growth(&self, whose: &str) -> Option<String> {
        let grown = self.last.saturating_sub(self.first);
        (grown > SLACK)
            .then(|| format!("{whose} has grown from {} to {} KiB", self.first, self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_told_from_warming_up() {
        let mut flat = Resident::default();
        let mut growing = Resident::default();
        for sample in 0..200 {
            flat.sample(if sample < 10 { 1000 } else { 60_000 });
            growing.sample(1000 + 500 * sample);
        }
        assert_eq!(flat.growth("it"), None);
        assert!(growing.growth("it").is_some());
    }

    #[test]
    fn this_process_has_memory() {
        assert!(resident("self").is_some_and(|it| it > 100));
        assert_eq!(resident("none"), None);
    }
}
