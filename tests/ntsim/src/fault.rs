//! Failures on purpose: what can fail in Windows fails at a use that was chosen before.
//!
//! A routine that can fail asks [`fails`], at one place. Whether it can depends on what the driver is
//! asked ([`Phase`]): the remove lock, for one, is not lost while a device is being surprise-removed. What
//! then has to come of the request is [`Point::effect`].
//!
//! [`routine`] says of every routine whether it can fail.

pub mod routine;

use std::fmt;

use crate::nt::status;
use crate::world;

/// What the driver is asked while something fails.
#[derive(Clone, Copy, Debug, Default, Hash, PartialEq, Eq)]
pub enum Phase {
    /// Nothing of this kind: nothing fails.
    #[default]
    None,
    /// `DriverEntry`.
    Load,
    /// `AddDevice`.
    Add,
    /// `IRP_MN_START_DEVICE`.
    Start,
    /// What a driver may refuse: `IRP_MN_QUERY_STOP_DEVICE`, `IRP_MN_QUERY_REMOVE_DEVICE`.
    Query,
    /// `IRP_MN_CANCEL_STOP_DEVICE`, `IRP_MN_CANCEL_REMOVE_DEVICE`: a driver must succeed, whatever the
    /// drivers below say.
    Resume,
    /// What it passes on: power, system control, and what it does not know of Plug and Play.
    Pass,
    /// What it may not refuse: the other requests of the Plug and Play manager, and `DriverUnload`.
    Must,
    /// `IRP_MJ_CREATE`.
    Open,
    /// `IRP_MJ_DEVICE_CONTROL`.
    Control,
    /// `IRP_MJ_CLEANUP` and `IRP_MJ_CLOSE`, which always succeed.
    Close,
    /// Nothing: a request is canceled, or its time is over.
    End,
}

/// What has to come of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The request ends with this status, and has changed nothing.
    Ends(u32),
    /// The request does what it would have done.
    None,
    /// It does not fail there.
    Unreal,
}

macro_rules! points {
    ($($(#[$doc:meta])* $point:ident = $name:literal, $status:ident;)*) => {
        /// Something that can fail.
        #[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Point {
            $($(#[$doc])* $point,)*
        }

        impl Point {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$point),*];

            /// The name in tables and on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$point => $name,)*
                }
            }

            /// What a routine that fails returns, if it returns a status.
            #[must_use]
            pub const fn status(self) -> u32 {
                match self {
                    $(Self::$point => status::$status,)*
                }
            }
        }
    };
}

points! {
    /// `ExAllocatePool2` and its older relatives return NULL.
    Pool = "pool", INSUFFICIENT_RESOURCES;
    /// `IoCreateDevice`.
    CreateDevice = "create-device", OBJECT_NAME_COLLISION;
    /// `IoAttachDeviceToDeviceStack` returns NULL.
    Attach = "attach", NO_SUCH_DEVICE;
    /// `IoRegisterDeviceInterface`.
    RegisterInterface = "register-interface", INVALID_DEVICE_REQUEST;
    /// `IoSetDeviceInterfaceState`.
    SetInterface = "set-interface", OBJECT_NAME_NOT_FOUND;
    /// `IoCsqInitialize` and `IoCsqInitializeEx`.
    Queue = "queue", UNSUCCESSFUL;
    /// `RtlQueryRegistryValues`.
    Registry = "registry", OBJECT_NAME_NOT_FOUND;
    /// `EtwRegister`.
    Provider = "etw-register", INSUFFICIENT_RESOURCES;
    /// `EtwSetInformation`.
    ProviderTraits = "etw-set-information", NOT_SUPPORTED;
    /// `EtwWriteTransfer`.
    Event = "etw-write", INSUFFICIENT_RESOURCES;
    /// `IoAcquireRemoveLock`, as while a device is being removed.
    RemoveLock = "remove-lock", DELETE_PENDING;
    /// The driver below refuses a Plug and Play request.
    Below = "driver-below", INVALID_DEVICE_STATE;
}

impl Point {
    /// What has to come of it when this fails while the driver is asked that.
    #[must_use]
    pub const fn effect(self, phase: Phase) -> Effect {
        match (self, phase) {
            // The driver below has a say in these. The others, it may not refuse.
            (Self::Below, Phase::Start | Phase::Query | Phase::Pass) => Effect::Ends(self.status()),
            // Whatever it says of these, the driver above must succeed.
            (Self::Below, Phase::Resume) => Effect::None,
            // The Plug and Play manager sends one request after the other.
            (_, Phase::None) | (Self::Below, _) | (Self::RemoveLock, Phase::Must | Phase::Resume) => {
                Effect::Unreal
            }
            // Limits are read for want of better ones, and a trace is a help: the driver works without.
            (Self::Registry | Self::Provider | Self::ProviderTraits | Self::Event, _)
            | (Self::Pool, Phase::Load)
            // Nobody can be told.
            | (_, Phase::Must | Phase::Resume | Phase::Close | Phase::End) => Effect::None,
            _ => Effect::Ends(self.status()),
        }
    }
}

impl std::str::FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|point| point.name() == text);
        found.copied().ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|point| point.name()).collect();
            format!(
                "nothing called {text:?} can fail; there are {}",
                names.join(", ")
            )
        })
    }
}

/// One failure: the point, and at which use of it, from 1.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Fault {
    /// What fails.
    pub point: Point,
    /// At which use.
    pub at: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.point.name(), self.at)
    }
}

impl std::str::FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (point, at) = text.split_once(':').ok_or("a fault is given as POINT:N")?;
        let at = at.parse().ok().filter(|at| *at > 0);
        let at = at.ok_or("N is at which use of the point, from 1")?;
        Ok(Self {
            point: point.parse()?,
            at,
        })
    }
}

/// The uses and failures of a run.
#[derive(Clone, Debug, Default, Hash)]
pub struct Faults {
    /// What is to fail.
    pub plan: Vec<Fault>,
    /// What the driver is being asked.
    pub phase: Phase,
    /// The uses so far of what could fail, in order.
    pub uses: Vec<(Fault, Phase)>,
    /// What has failed since this was last taken.
    pub failed: Vec<Point>,
}

/// Whether this use of a point is to fail.
#[must_use]
pub fn fails(point: Point) -> bool {
    world::with(|world| {
        let faults = &mut world.faults;
        if point.effect(faults.phase) == Effect::Unreal {
            return false;
        }
        let before = faults.uses.iter().filter(|(used, _)| used.point == point);
        let fault = Fault {
            point,
            at: before.count() + 1,
        };
        faults.uses.push((fault, faults.phase));
        let fails = faults.plan.contains(&fault);
        if fails {
            faults.failed.push(point);
            world.log(point.name(), 0, Some(point.status()));
        }
        fails
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_can_be_read_back() {
        for &point in Point::ALL {
            let fault = Fault { point, at: 7 };
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
        for wrong in ["pool", "pool:0", "pool:x", "luck:1", ""] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }
}
