//! Event Tracing for Windows: a provider of self-describing events.
//!
//! See "Adding Event Tracing to Kernel-Mode Drivers",
//! <https://learn.microsoft.com/windows-hardware/drivers/devtest/adding-event-tracing-to-kernel-mode-drivers>;
//! what an event is made of says [`wdm_events`].
//!
//! While nobody records, [`DeviceEvents::write`] is two loads, a comparison and a branch. A driver
//! works the same whether tracing does or not, so no failure of these routines is reported.

// UNSAFETY: gives ETW a callback, and addresses of what to write.
#![expect(unsafe_code, reason = "calls the kernel's event tracing routines")]

use core::ptr::null;
use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

use wdm_events::{Event, U32};

use crate::status::NtStatus;
use crate::sys::{
    DataDescriptor, EVENT_DESCRIPTOR, EtwRegister, EtwSetInformation, EtwUnregister,
    EtwWriteTransfer, GUID, LPCGUID, PETWENABLECALLBACK, PEVENT_DATA_DESCRIPTOR,
    PEVENT_FILTER_DESCRIPTOR, PVOID, SET_PROVIDER_TRAITS,
};

/// A provider of events.
///
/// It lives as long as the driver's image: ETW keeps its address from
/// `register` to `unregister`.
///
/// # Invariants
///
/// `handle` is zero or came from `EtwRegister` and was not unregistered.
pub struct Provider {
    id: GUID,
    /// [`wdm_events::metadata::provider`].
    metadata: &'static [u8],
    handle: AtomicU64,
    /// The highest level of event that any session wants, 0 while there is none. This and the
    /// keywords only save calls: `EtwWriteTransfer` looks at each session's own wishes. So it does
    /// no harm that a writer may see the new value of one and the old value of another.
    level: AtomicU8,
    /// A wanted event has at least one of these keywords. 0 stands for all.
    any_of: AtomicU64,
    /// A wanted event has all of these keywords.
    all_of: AtomicU64,
    /// How many devices ever got a number.
    devices: AtomicU32,
}

/// The provider, for the events of one device.
#[derive(Clone, Copy)]
pub struct DeviceEvents {
    provider: &'static Provider,
    device: u32,
}

impl Provider {
    /// A provider with the GUID of these four fields, that describes itself with `metadata`
    /// ([`wdm_events::metadata::provider`]).
    #[must_use]
    pub const fn new(
        (data1, data2, data3, data4): (u32, u16, u16, [u8; 8]),
        metadata: &'static [u8],
    ) -> Self {
        Self {
            id: GUID {
                Data1: data1,
                Data2: data2,
                Data3: data3,
                Data4: data4,
            },
            metadata,
            handle: AtomicU64::new(0),
            level: AtomicU8::new(0),
            any_of: AtomicU64::new(0),
            all_of: AtomicU64::new(0),
            devices: AtomicU32::new(0),
        }
    }

    /// Gives a new device a number of its own, which its events have: 1 for the first.
    pub fn number_device(&'static self) -> DeviceEvents {
        DeviceEvents {
            provider: self,
            device: self.devices.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }

    /// `EtwRegister` and `EtwSetInformation`: lets sessions record the events. If that fails, every
    /// [`write`](DeviceEvents::write) stays without effect.
    ///
    /// # Safety
    ///
    /// [`unregister`](Self::unregister) is called before the image is unloaded. The provider is
    /// not registered.
    ///
    /// # Context
    ///
    /// IRQL `PASSIVE_LEVEL`, in a system thread: `DriverEntry`. Calls `enable_callback` if a
    /// session waits for the provider.
    pub(crate) unsafe fn register(&'static self) {
        let callback: PETWENABLECALLBACK = Some(enable_callback);
        let context: PVOID = (&raw const *self).cast_mut().cast();
        let mut handle = 0;
        // SAFETY: the callback fits its context, which lives as long as the image; by the caller,
        // ETW forgets both before that ends.
        let status = unsafe { EtwRegister(&raw const self.id, callback, context, &raw mut handle) };
        if !NtStatus::from_raw(status).is_success() {
            return;
        }
        // From here on ETW knows an event's descriptions from its payload. If this fails they are
        // at the front of the payload, where decoders look for them too.
        // SAFETY: just registered. The routine only reads the metadata.
        let _ = unsafe {
            EtwSetInformation(
                handle,
                SET_PROVIDER_TRAITS,
                self.metadata.as_ptr().cast_mut().cast(),
                length(self.metadata),
            )
        };
        // INVARIANT: from `EtwRegister`.
        self.handle.store(handle, Ordering::Relaxed);
    }

    /// `EtwUnregister`: ETW forgets the provider. Does nothing to one that is not registered.
    ///
    /// # Context
    ///
    /// IRQL `PASSIVE_LEVEL`: `DriverUnload`. Nobody writes any more.
    pub(crate) fn unregister(&self) {
        let handle = self.handle.swap(0, Ordering::Relaxed);
        if handle != 0 {
            // SAFETY: by the type invariant, and taken out above.
            let _ = unsafe { EtwUnregister(handle) };
        }
    }

    /// See [`DeviceEvents::write`].
    #[inline]
    fn write<E: Event>(&self, event: impl FnOnce() -> E) {
        if self.level.load(Ordering::Relaxed) >= E::LEVEL as u8 {
            let descriptor = const {
                assert!(E::KEYWORD != 0);
                &descriptor(E::LEVEL as u8, E::KEYWORD)
            };
            self.write_wanted(descriptor, E::METADATA, event().as_bytes());
        }
    }

    /// The rest of [`write`](Self::write), out of the way of those who do not need it.
    #[cold]
    #[inline(never)]
    fn write_wanted(
        &self,
        descriptor: &'static EVENT_DESCRIPTOR,
        metadata: &'static [u8],
        payload: &[u8],
    ) {
        /// How many pieces an event has.
        const PIECES: u32 = 3;
        let any_of = self.any_of.load(Ordering::Relaxed);
        let all_of = self.all_of.load(Ordering::Relaxed);
        if (any_of != 0 && descriptor.Keyword & any_of == 0)
            || descriptor.Keyword & all_of != all_of
        {
            return;
        }
        let mut data: [DataDescriptor; PIECES as usize] = [
            DataDescriptor::new(self.metadata, DataDescriptor::PROVIDER_METADATA),
            DataDescriptor::new(metadata, DataDescriptor::EVENT_METADATA),
            DataDescriptor::new(payload, DataDescriptor::PAYLOAD),
        ];
        let pieces: PEVENT_DATA_DESCRIPTOR = data.as_mut_ptr().cast();
        // SAFETY: the handle is registered, by the type invariant, or zero, which is refused. The
        // routine reads the descriptors and what they point to, all of which is resident and in
        // system space. There is no activity.
        let _ = unsafe {
            EtwWriteTransfer(
                self.handle.load(Ordering::Relaxed),
                descriptor,
                null(),
                null(),
                PIECES,
                pieces,
            )
        };
    }
}

impl DeviceEvents {
    /// Whether anybody records events at all: for the sake of those that take some preparing.
    #[inline]
    #[must_use]
    pub fn are_wanted(&self) -> bool {
        self.provider.level.load(Ordering::Relaxed) != 0
    }

    /// Writes the event that `event` makes with the device's number, if somebody records events like
    /// it: `EtwWriteTransfer`.
    ///
    /// # Context
    ///
    /// Any IRQL: everything that is passed on is nonpaged, the image's constants and the caller's
    /// stack (see <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-etwwritetransfer>).
    /// Takes no lock of this crate's, and calls nothing of the driver's, so it may be used with a queue's
    /// lock held. That makes each hold longer while a session records.
    #[inline]
    pub fn write<E: Event>(&self, event: impl FnOnce(U32) -> E) {
        self.provider.write(|| event(self.device.into()));
    }
}

/// Takes note of what the sessions want, all of them together. `ETWENABLECALLBACK`:
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nc-wdm-etwenablecallback>.
///
/// # Context
///
/// Any IRQL. Stores a few words, in whatever thread starts or stops a session.
///
/// # Safety
///
/// Called only by ETW, with the provider that [`Provider::register`] gave it.
unsafe extern "C" fn enable_callback(
    _source: LPCGUID,
    control: u32,
    level: u8,
    match_any_keyword: u64,
    match_all_keyword: u64,
    _filter: PEVENT_FILTER_DESCRIPTOR,
    context: PVOID,
) {
    /// `EVENT_CONTROL_CODE_DISABLE_PROVIDER`.
    const DISABLE: u32 = 0;
    /// `EVENT_CONTROL_CODE_ENABLE_PROVIDER`.
    const ENABLE: u32 = 1;
    /// Level 0 asks for every level.
    const EVERY_LEVEL: u8 = u8::MAX;

    // SAFETY: ETW gives the context that the provider was registered with: a static.
    let provider = unsafe { &*context.cast::<Provider>() };
    match control {
        DISABLE => provider.level.store(0, Ordering::Relaxed),
        ENABLE => {
            provider.any_of.store(match_any_keyword, Ordering::Relaxed);
            provider.all_of.store(match_all_keyword, Ordering::Relaxed);
            let level = if level == 0 { EVERY_LEVEL } else { level };
            provider.level.store(level, Ordering::Relaxed);
        }
        // EVENT_CONTROL_CODE_CAPTURE_STATE: there is none to report.
        _ => {}
    }
}

/// The kind of an event.
const fn descriptor(level: u8, keyword: u64) -> EVENT_DESCRIPTOR {
    /// `WINEVENT_CHANNEL_TRACELOGGING`: the event describes itself.
    const TRACELOGGING: u8 = 11;
    EVENT_DESCRIPTOR {
        Id: 0,
        Version: 0,
        Channel: TRACELOGGING,
        Level: level,
        Opcode: 0,
        Task: 0,
        Keyword: keyword,
    }
}

impl DataDescriptor {
    /// `EVENT_DATA_DESCRIPTOR_TYPE_NONE`.
    const PAYLOAD: u8 = 0;
    /// `EVENT_DATA_DESCRIPTOR_TYPE_EVENT_METADATA`.
    const EVENT_METADATA: u8 = 1;
    /// `EVENT_DATA_DESCRIPTOR_TYPE_PROVIDER_METADATA`.
    const PROVIDER_METADATA: u8 = 2;

    fn new(bytes: &[u8], kind: u8) -> Self {
        Self {
            address: bytes.as_ptr().expose_provenance() as u64,
            length: length(bytes),
            kind,
            reserved: [0; 3],
        }
    }
}

/// A length in the width that ETW has for it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "descriptions state their size in 16 bits, and payloads are a few fields"
)]
const fn length(bytes: &[u8]) -> u32 {
    bytes.len() as u32
}
