//! What kind of request an IRP is, and what the driver may do with it.

use core::marker::PhantomData;

use crate::call::Call;

mod sealed {
    pub trait State {
        /// What kind of request it is.
        type Kind;
        /// Whether the remove-lock reference that was taken for the IRP goes with it. Otherwise the dispatch
        /// call gives it back.
        const HAS_REFERENCE: bool;
    }

    /// The states of an IRP whose dispatch call is running.
    pub trait Dispatching: State {}

    /// The states in which a dispatch call gives an IRP away for good, its reference with it.
    pub trait Kind: Dispatching<Kind = Self> + Sized + 'static {}

    /// Device control requests whose input is in `SystemBuffer`.
    pub trait Coded {}
}

pub(crate) use self::sealed::{Coded, Dispatching, State};

/// A kind of request that can be queued: [`Control`], [`InDirect`], [`OutDirect`], [`Read`], [`Write`], [`Other`]. At the
/// same time the state of such a request when it comes in.
pub trait Kind: sealed::Kind {}

/// `IRP_MJ_DEVICE_CONTROL` or `IRP_MJ_INTERNAL_DEVICE_CONTROL` with `METHOD_BUFFERED`.
pub enum Control {}

/// `IRP_MJ_DEVICE_CONTROL` with `METHOD_IN_DIRECT`: beside its input it brings data in the program's locked pages.
pub enum InDirect {}

/// `IRP_MJ_DEVICE_CONTROL` with `METHOD_OUT_DIRECT`: it is answered in the program's locked pages.
pub enum OutDirect {}

/// `IRP_MJ_READ`.
pub enum Read {}

/// `IRP_MJ_WRITE`.
pub enum Write {}

/// Any other request, of which wdm knows no more than its [`StackLocation`](crate::StackLocation).
pub enum Other {}

/// A request for Plug and Play, power or WMI, or to open a handle.
pub enum Received {}

/// As when it came in, after a queue has refused it. It counts as pended.
pub struct Refused<K = Control>(PhantomData<K>);

/// Pended, and given up by its queue, to be completed. Until then the [`Call`] is borrowed, so no lock can
/// be taken.
pub struct Dequeued<'call, K = Control>(PhantomData<(&'call mut Call, K)>);

/// Passed down, and on its way back up: the drivers below have completed it.
pub struct Returned<K = Control>(PhantomData<K>);

macro_rules! kinds {
    ($($kind:ty),*) => {$(
        impl State for $kind {
            type Kind = Self;
            const HAS_REFERENCE: bool = true;
        }
        impl Dispatching for $kind {}
        impl sealed::Kind for $kind {}
        impl Kind for $kind {}
    )*};
}
kinds!(Control, InDirect, OutDirect, Read, Write, Other);

impl Coded for Control {}
impl Coded for InDirect {}
impl Coded for OutDirect {}

impl State for Received {
    type Kind = Self;
    const HAS_REFERENCE: bool = false;
}
impl Dispatching for Received {}

impl<K: Kind> State for Refused<K> {
    type Kind = K;
    const HAS_REFERENCE: bool = true;
}
impl<K: Kind> State for Dequeued<'_, K> {
    type Kind = K;
    const HAS_REFERENCE: bool = true;
}
impl<K: Kind> State for Returned<K> {
    type Kind = K;
    const HAS_REFERENCE: bool = true;
}
