//! What is run.

use arbitrary::Arbitrary;
use behaviors::target::{Parameter, Setting};
use model::operation::Access;
use model::{Limits, Operation};
use ntsim::{Clock, CsqOrder, Settings};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest_derive::Arbitrary as Strategy;

use crate::story;

/// Which kernel and which parameters the driver finds.
#[derive(Clone, Copy, Debug, Arbitrary, Strategy)]
pub struct Kernel {
    /// How `IoCsqInsertIrp` works.
    #[proptest(strategy = "0..3u8")]
    order: u8,
    /// Whether somebody records a trace.
    tracing: bool,
    /// `DeviceLimit`, less one.
    #[proptest(strategy = "0..12u8")]
    device: u8,
    /// `HandleLimit`, less one.
    #[proptest(strategy = "0..12u8")]
    handle: u8,
}

/// Operations one after the other.
#[derive(Clone, Debug, Arbitrary, Strategy)]
pub struct Case {
    /// Where.
    pub kernel: Kernel,
    /// What.
    #[proptest(strategy = "story::operations(0..40)")]
    pub operations: Vec<Operation>,
}

/// Operations, and then some of two threads at once.
#[derive(Clone, Debug, Arbitrary, Strategy)]
pub struct Race {
    /// Where.
    pub kernel: Kernel,
    /// Leaves out what is several things one after the other, such as closing a handle. Then some order of
    /// what was done explains all answers, and is looked for.
    pub atomic: bool,
    /// What comes before.
    #[proptest(strategy = "story::operations(0..6)")]
    pub before: Vec<Operation>,
    /// What one thread does.
    #[proptest(strategy = "vec(any::<Operation>(), 1..6)")]
    pub here: Vec<Operation>,
    /// What the other does.
    #[proptest(strategy = "vec(any::<Operation>(), 1..6)")]
    pub there: Vec<Operation>,
    /// Whose turn it is: see `ntsim::schedule::given`.
    #[proptest(strategy = "vec(any::<u8>(), 0..200)")]
    pub schedule: Vec<u8>,
}

/// One call, with whatever is in its parameters.
#[derive(Clone, Debug, Arbitrary)]
pub struct Single {
    access: Access,
    /// Whether a request of its own is pending, and another is claimed.
    busy: bool,
    code: model::operation::Code,
    room: u16,
    input: Vec<u8>,
}

impl Kernel {
    /// The documented one, with these limits and without a trace.
    #[must_use]
    pub const fn plain(limit: u8) -> Self {
        Self {
            order: 0,
            tracing: false,
            device: limit - 1,
            handle: limit - 1,
        }
    }

    /// Each kind, with room for everything.
    pub fn all() -> impl Iterator<Item = Self> {
        let orders = (0..CsqOrder::ALL.len()).filter_map(|order| u8::try_from(order).ok());
        orders.flat_map(|order| {
            [false, true].map(|tracing| Self {
                order,
                tracing,
                ..Self::plain(12)
            })
        })
    }

    /// As the simulated kernel wants it.
    #[must_use]
    pub fn settings(self, clock: Clock) -> Settings {
        let orders = CsqOrder::ALL;
        let order = orders.get(usize::from(self.order) % orders.len());
        Settings {
            csq_order: order.copied().unwrap_or_default(),
            clock,
            tracing: self.tracing,
            ..Settings::default()
        }
    }

    /// The limits.
    #[must_use]
    pub fn limits(self) -> Limits {
        let device = u32::from(self.device) + 1;
        Limits {
            device,
            handle: device.min(u32::from(self.handle) + 1),
        }
    }

    /// The limits as parameters.
    #[must_use]
    pub fn parameters(self) -> [Parameter; 2] {
        let Limits { device, handle } = self.limits();
        [
            ("DeviceLimit", Setting::Number(device)),
            ("HandleLimit", Setting::Number(handle)),
        ]
    }
}

impl Single {
    /// As operations, of which the call is one.
    #[must_use]
    pub fn case(self) -> Case {
        use model::operation::{Payload, Timeout};
        let mut operations = vec![Operation::Open(Access::All), Operation::Open(self.access)];
        if self.busy {
            for tag in 0..2 {
                operations.push(Operation::Pend {
                    handle: 1,
                    tag,
                    timeout: Timeout::Never,
                    payload: Payload::Short(1, 3),
                    room: 4,
                });
            }
            operations.push(Operation::Claim {
                handle: 0,
                wait: false,
            });
        }
        operations.push(Operation::Raw {
            handle: 1,
            code: self.code,
            input: self.input,
            room: self.room,
        });
        Case {
            kernel: Kernel::plain(12),
            operations,
        }
    }
}
