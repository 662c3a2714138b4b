//! Event tracing: the driver's providers and what they wrote.

use std::collections::BTreeMap;

/// An event as it was written.
#[derive(Clone, Debug, Hash)]
pub struct Event {
    /// `Id` of its descriptor.
    pub id: u16,
    /// `Level`.
    pub level: u8,
    /// `Keyword`.
    pub keyword: u64,
    /// The blocks of its data.
    pub data: Vec<Vec<u8>>,
}

/// A registered provider.
#[derive(Clone, Debug, Default, Hash)]
pub struct Provider {
    /// The driver's routine that is told what sessions want, or 0, and its context.
    pub routine: (usize, usize),
    /// What `EtwSetInformation` was given.
    pub traits: Vec<u8>,
    /// What it wrote, if somebody listens.
    pub events: Vec<Event>,
}

/// The providers that are registered, by handle, and the events of those that no longer are.
#[derive(Clone, Debug, Default, Hash)]
pub struct Providers {
    open: BTreeMap<u64, Provider>,
    opened: u64,
    /// Whether events are kept although no session exists from the beginning.
    pub recorded: bool,
    /// The events of the providers that are closed.
    pub written: Vec<Event>,
}

impl Providers {
    /// Makes one and returns its handle, which is never 0.
    pub fn open(&mut self, routine: usize, context: usize) -> u64 {
        /// Looks like a kernel address, as the real ones.
        const FIRST: u64 = 0xffff_a000_0000_0000;
        self.opened += 1;
        let handle = FIRST + self.opened * 0x10;
        let provider = Provider {
            routine: (routine, context),
            ..Provider::default()
        };
        self.open.insert(handle, provider);
        handle
    }

    /// The first one.
    pub fn first_mut(&mut self) -> Option<&mut Provider> {
        self.open.values_mut().next()
    }

    /// The one with this handle.
    pub fn get_mut(&mut self, handle: u64) -> Option<&mut Provider> {
        self.open.get_mut(&handle)
    }

    /// Ends one; `false` if there is none with this handle.
    pub fn close(&mut self, handle: u64) -> bool {
        let provider = self.open.remove(&handle);
        let known = provider.is_some();
        self.written
            .extend(provider.into_iter().flat_map(|it| it.events));
        known
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.open.len()
    }
}
