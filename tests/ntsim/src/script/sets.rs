//! The scenarios that ntsim makes by itself for one control code.

use super::{Buffers, Hex, Script, Step, Thread};
use crate::nt::method;

/// A control code, and what comes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// `CTL_CODE(...)`.
    pub code: u32,
    /// The input.
    pub input: Hex,
    /// The length of the output buffer, in bytes.
    pub output: usize,
}

/// Who acts on request A, or sends another.
const ACTORS: [&str; 8] = [
    "send",
    "cancel",
    "close",
    "exit-thread",
    "surprise-remove",
    "remove",
    "send-again",
    FREE,
];

/// The actor for requests whose buffers the driver knows the addresses of.
const FREE: &str = "free-buffers";

impl Script {
    /// All pairs and triples of sending a request with this code, canceling it, closing its handle, the end of its
    /// thread, surprise removal, removal, and sending another by another handle.
    #[must_use]
    pub fn sets(code: &Code) -> Vec<Self> {
        let has_addresses = method::of(code.code) == method::NEITHER;
        let count = ACTORS.len() - usize::from(!has_addresses);
        let pairs = (0..count).flat_map(|one| (one + 1..count).map(move |two| vec![one, two]));
        let triples = pairs.clone().flat_map(|pair| {
            let first = pair.last().map_or(count, |last| last + 1);
            (first..count).map(move |third| [pair.as_slice(), &[third]].concat())
        });
        let sets = pairs.chain(triples).map(|set| {
            let names = set
                .into_iter()
                .filter_map(|index| ACTORS.get(index).copied());
            names.collect::<Vec<_>>()
        });
        let mut sets: Vec<Self> = sets.filter_map(|names| Self::set(code, &names)).collect();
        if has_addresses {
            sets.push(Self::alone(code, "freed-buffers", Buffers::Freed));
            sets.push(Self::alone(code, "kernel-addresses", Buffers::Kernel));
        }
        sets
    }

    /// One thread sends one request, with addresses that are none of its buffers.
    fn alone(code: &Code, name: &str, buffers: Buffers) -> Self {
        let step = Step::Ioctl {
            handle: "a".to_owned(),
            code: code.code,
            input: code.input.clone(),
            output: code.output,
            buffers,
            name: None,
        };
        Self {
            name: name.to_owned(),
            before: vec![Step::Open {
                handle: "a".to_owned(),
            }],
            after: Vec::new(),
            threads: vec![Thread {
                steps: vec![step],
                at_dispatch_level: false,
            }],
        }
    }

    /// One of them, unless the Plug and Play manager would have to do two things at once.
    fn set(code: &Code, names: &[&str]) -> Option<Self> {
        let send = |handle: &str, name: Option<&str>| Step::Ioctl {
            handle: handle.to_owned(),
            code: code.code,
            input: code.input.clone(),
            output: code.output,
            buffers: Buffers::Valid,
            name: name.map(str::to_owned),
        };
        let open = |handle: &str| Step::Open {
            handle: handle.to_owned(),
        };
        let mut before = vec![open("a"), open("b")];
        if !names.contains(&"send") {
            before.push(send("a", Some("A")));
        }
        let steps = |name: &str| match name {
            "send" => vec![send("a", Some("A"))],
            "cancel" => vec![Step::Cancel {
                request: "A".to_owned(),
            }],
            "close" => vec![Step::Close {
                handle: "a".to_owned(),
            }],
            "exit-thread" => vec![send("b", None), Step::ExitThread],
            "surprise-remove" => vec![Step::SurpriseRemove],
            "remove" => vec![Step::Remove],
            FREE => vec![Step::Free {
                request: "A".to_owned(),
            }],
            _ => vec![send("b", None)],
        };
        let threads = names.iter().map(|name| Thread {
            steps: steps(name),
            at_dispatch_level: false,
        });
        let script = Self {
            name: names.join("+"),
            before,
            after: Vec::new(),
            threads: threads.collect(),
        };
        script.check().is_ok().then_some(script)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_pairs_and_triples_but_two_removals() {
        let code = Code {
            code: 0x22_6000,
            input: Hex::default(),
            output: 8,
        };
        // 21 pairs and 35 triples; one and five of them remove the device twice.
        assert_eq!(Script::sets(&code).len(), 50);
        let neither = Code {
            code: code.code | method::NEITHER,
            ..code
        };
        // Seven pairs and 21 triples with one more, one of which removes the device twice; and two kinds of bad addresses.
        assert_eq!(Script::sets(&neither).len(), 50 + 7 + 20 + 2);
    }
}
