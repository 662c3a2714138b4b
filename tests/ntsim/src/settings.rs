//! What a person can choose about the simulated kernel.

use std::collections::BTreeSet;

use clap::ValueEnum;

/// The order in which `IoCsqInsertIrp` does its work. Public sources disagree, so a driver has to
/// be right under each (contract.md, 2b).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CsqOrder {
    /// As Microsoft documents it: the IRP is marked pending after the insert callback, and one that
    /// was canceled before is not inserted at all.
    #[default]
    Documented,
    /// The IRP is marked pending before the insert callback, and stays so if that refuses it; a
    /// canceled one is inserted and removed. The cancel routine clears the context before it has the lock.
    MarkedFirst,
    /// As above, and a canceled IRP is completed with the queue lock held.
    CompletedUnderLock,
}

impl CsqOrder {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::Documented,
        Self::MarkedFirst,
        Self::CompletedUnderLock,
    ];

    /// Whether the cancel routine clears `Context->Irp` before it has the queue's lock.
    #[must_use]
    pub const fn clears_context_unlocked(self) -> bool {
        !matches!(self, Self::Documented)
    }

    /// Whether a canceled IRP goes through the queue on its way out of `IoCsqInsertIrp`.
    #[must_use]
    pub const fn inserts_canceled(self) -> bool {
        !matches!(self, Self::Documented)
    }
}

/// When a timer expires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// At any moment after it is set, whatever its time: a thread can be held up for as long.
    #[default]
    Free,
    /// When nothing else can happen, the earliest first: what takes no time is done before.
    Idle,
}

/// A value of the registry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// `REG_DWORD`.
    Number(u32),
    /// `REG_SZ`.
    Text(String),
}

/// The registry, as far as the driver's own key goes: values by key (below the driver's own) and name.
pub type Registry = Vec<((String, String), Value)>;

/// Where else other threads may come first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Points {
    /// Before these ordinary instructions, by their offsets in the image.
    pub instructions: BTreeSet<usize>,
    /// Before the kernel's routines copy, fill or compare memory.
    pub copies: bool,
}

impl Points {
    /// Adds others.
    pub fn extend(&mut self, others: &Self) {
        self.instructions.extend(&others.instructions);
        self.copies |= others.copies;
    }
}

/// The choices of one machine.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How `IoCsqInsertIrp` works.
    pub csq_order: CsqOrder,
    /// Whether a data race of the driver is a finding.
    pub races: bool,
    /// What is a point besides interlocked instructions and the kernel's routines.
    pub points: Points,
    /// Whether every instruction that touches memory which others may touch is a point.
    pub fine: bool,
    /// Whether each access of the driver to memory is looked at, as an exhaustive search does anyway.
    pub watched: bool,
    /// Whether a DPC runs on the processor of the thread that has queued it, or has set its timer, and interrupts
    /// that; else it has a processor of its own.
    pub preemption: bool,
    /// When timers expire.
    pub clock: Clock,
    /// What the driver finds in the registry.
    pub registry: Registry,
    /// Whether somebody listens to the driver's ETW providers, so that it writes events.
    pub tracing: bool,
}

impl Settings {
    /// Whether a person gave a parameter with this name.
    #[must_use]
    pub fn has_parameter(&self, name: &str) -> bool {
        let mut names = self.registry.iter().map(|((_, name), _)| name);
        names.any(|own| own.eq_ignore_ascii_case(name))
    }
}
