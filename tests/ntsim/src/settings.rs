//! What a person can choose about the simulated kernel.

use clap::ValueEnum;

/// The order in which `IoCsqInsertIrp` does its work. Public sources disagree, so a driver has to
/// be right under each (contract.md, 2b).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CsqOrder {
    /// As Microsoft documents it: the IRP is marked pending after the insert callback, and one that
    /// was canceled before is not inserted at all.
    #[default]
    Documented,
    /// The IRP is marked pending before the insert callback; a canceled one is inserted and removed.
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

    /// Whether a canceled IRP goes through the queue on its way out of `IoCsqInsertIrp`.
    #[must_use]
    pub const fn inserts_canceled(self) -> bool {
        !matches!(self, Self::Documented)
    }
}

/// The choices of one machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// How `IoCsqInsertIrp` works.
    pub csq_order: CsqOrder,
    /// Whether the driver is single-stepped and its memory accesses compared (about 100 times slower).
    pub races: bool,
}
