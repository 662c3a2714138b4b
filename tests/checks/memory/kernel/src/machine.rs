//! What a test does: loads a driver, opens its device, sends requests, lets time pass.

use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicU32, Ordering};
use std::alloc::{Layout, dealloc};
use std::thread::yield_now;

use crate::constants::{
    IRP_MJ_CLEANUP, IRP_MJ_CLOSE, IRP_MJ_CREATE, IRP_MJ_DEVICE_CONTROL, IRP_MJ_PNP,
    IRP_MN_REMOVE_DEVICE, IRP_MN_START_DEVICE, STATUS_PENDING, STATUS_SUCCESS,
};
use crate::csq;
use crate::ntddk::check_passive;
use crate::types::{
    AssociatedIrp, DEVICE_OBJECT, DRIVER_EXTENSION, DRIVER_OBJECT, DeviceIoControlParameters,
    DriverContextWords, FILE_OBJECT, IO_STACK_LOCATION, IO_STATUS_BLOCK, IRP, IoStatusUnion,
    LIST_ENTRY, Links, NTSTATUS, Overlay, OverlayUnion, Parameters, StackLocationUnion, Tail,
    UNICODE_STRING,
};

pub mod deferred;

pub(crate) fn extension_layout(size: u32) -> Layout {
    Layout::from_size_align(size as usize, 16).expect("a size")
}

pub(crate) const fn no_device() -> DEVICE_OBJECT {
    DEVICE_OBJECT {
        Type: 3,
        Size: 0,
        ReferenceCount: 0,
        DriverObject: null_mut(),
        NextDevice: null_mut(),
        AttachedDevice: null_mut(),
        CurrentIrp: null_mut(),
        Timer: null_mut(),
        Flags: 0,
        Characteristics: 0,
        Vpb: null_mut(),
        DeviceExtension: null_mut(),
        DeviceType: 0,
        StackSize: 1,
        rest: [0; 32],
    }
}

/// A driver that is loaded, with one device that is started.
pub struct Device {
    driver: *mut DRIVER_OBJECT,
    extension: *mut DRIVER_EXTENSION,
    physical: *mut DEVICE_OBJECT,
    this: *mut DEVICE_OBJECT,
}

// SAFETY: a driver's routines may be called from any thread.
unsafe impl Send for Device {}
// SAFETY: as for `Send`.
unsafe impl Sync for Device {}

impl Device {
    /// Has `entry` fill in the driver object, adds a device and starts it.
    ///
    /// # Panics
    ///
    /// The driver fails.
    #[must_use]
    pub fn start(entry: impl FnOnce(NonNull<DRIVER_OBJECT>)) -> Self {
        let extension = Box::into_raw(Box::new(DRIVER_EXTENSION {
            DriverObject: null_mut(),
            AddDevice: None,
        }));
        let driver = Box::into_raw(Box::new(DRIVER_OBJECT {
            Type: 4,
            Size: 0,
            DeviceObject: null_mut(),
            Flags: 0,
            DriverStart: null_mut(),
            DriverSize: 0,
            DriverSection: null_mut(),
            DriverExtension: extension,
            DriverName: UNICODE_STRING::default(),
            HardwareDatabase: null_mut(),
            FastIoDispatch: null_mut(),
            DriverInit: null_mut(),
            DriverStartIo: null_mut(),
            DriverUnload: None,
            MajorFunction: [None; 28],
        }));
        entry(NonNull::new(driver).expect("a box"));
        let physical = Box::into_raw(Box::new(no_device()));
        let add = unsafe { (*extension).AddDevice }.expect("AddDevice");
        assert_eq!(unsafe { add(driver, physical) }, STATUS_SUCCESS);
        check_passive();
        let device = Self {
            driver,
            extension,
            physical,
            this: unsafe { (*physical).AttachedDevice },
        };
        assert_eq!(device.plug_and_play(IRP_MN_START_DEVICE), STATUS_SUCCESS);
        device
    }

    /// Removes the device. Handles may still be closed.
    ///
    /// # Panics
    ///
    /// The driver refuses, which it may not.
    pub fn remove(&self) {
        assert_eq!(self.plug_and_play(IRP_MN_REMOVE_DEVICE), STATUS_SUCCESS);
    }

    fn plug_and_play(&self, minor: u32) -> NTSTATUS {
        let request = Request::new(self, null_mut(), IRP_MJ_PNP, minor, 0, &[], 0);
        request.send();
        request.end().0
    }

    /// Opens a handle.
    ///
    /// # Errors
    ///
    /// What the driver fails with.
    pub fn open(&self) -> Result<Handle<'_>, NTSTATUS> {
        let file = Box::into_raw(Box::new(FILE_OBJECT {
            Type: 5,
            Size: 0,
            DeviceObject: self.this,
            Vpb: null_mut(),
            FsContext: null_mut(),
            FsContext2: null_mut(),
            between: [0; 6],
            FileName: UNICODE_STRING::default(),
            rest: [0; 14],
        }));
        let request = Request::new(self, file, IRP_MJ_CREATE, 0, 0, &[], 0);
        request.send();
        match request.end().0 {
            STATUS_SUCCESS => Ok(Handle { device: self, file }),
            status => {
                drop(unsafe { Box::from_raw(file) });
                Err(status)
            }
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        unsafe {
            let size = u32::try_from((*self.this).rest[0]).expect("a size");
            dealloc((*self.this).DeviceExtension.cast(), extension_layout(size));
            drop(Box::from_raw(self.this));
            drop(Box::from_raw(self.physical));
            drop(Box::from_raw(self.driver));
            drop(Box::from_raw(self.extension));
        }
    }
}

/// An open handle.
pub struct Handle<'device> {
    device: &'device Device,
    file: *mut FILE_OBJECT,
}

// SAFETY: any thread may use a handle.
unsafe impl Send for Handle<'_> {}
// SAFETY: as for `Send`.
unsafe impl Sync for Handle<'_> {}

impl Handle<'_> {
    /// Sends a device control request.
    #[must_use]
    pub fn control(&self, code: u32, input: &[u8], output: usize) -> Request {
        let request = self.prepare(code, input, output);
        request.send();
        request
    }

    /// A device control request that is not sent yet.
    #[must_use]
    pub fn prepare(&self, code: u32, input: &[u8], output: usize) -> Request {
        Request::new(
            self.device,
            self.file,
            IRP_MJ_DEVICE_CONTROL,
            0,
            code,
            input,
            output,
        )
    }

    /// `IRP_MJ_CLEANUP`.
    pub fn cleanup(&self) {
        let request = Request::new(self.device, self.file, IRP_MJ_CLEANUP, 0, 0, &[], 0);
        request.send();
        let _ = request.end();
    }

    /// `IRP_MJ_CLOSE`, after [`cleanup`](Self::cleanup).
    pub fn close(self) {
        let request = Request::new(self.device, self.file, IRP_MJ_CLOSE, 0, 0, &[], 0);
        request.send();
        let _ = request.end();
        drop(unsafe { Box::from_raw(self.file) });
    }
}

/// An IRP, its stack locations and its buffer.
struct Parts {
    irp: IRP,
    stack: [IO_STACK_LOCATION; 2],
    buffer: Box<[u64]>,
    is_done: AtomicU32,
}

/// A request.
pub struct Request {
    parts: *mut Parts,
    device: *mut DEVICE_OBJECT,
    dispatch: unsafe extern "C" fn(*mut DEVICE_OBJECT, *mut IRP) -> NTSTATUS,
}

// SAFETY: any thread may wait for a request, or cancel it.
unsafe impl Send for Request {}
// SAFETY: as for `Send`.
unsafe impl Sync for Request {}

impl Request {
    fn new(
        device: &Device,
        file: *mut FILE_OBJECT,
        major: u32,
        minor: u32,
        code: u32,
        input: &[u8],
        output: usize,
    ) -> Self {
        let length = |bytes: usize| u32::try_from(bytes).expect("a length");
        let byte = |number: u32| u8::try_from(number).expect("a function");
        let location = IO_STACK_LOCATION {
            MajorFunction: byte(major),
            MinorFunction: byte(minor),
            Flags: 0,
            Control: 0,
            Parameters: Parameters {
                DeviceIoControl: DeviceIoControlParameters {
                    OutputBufferLength: length(output),
                    pad: 0,
                    InputBufferLength: length(input.len()),
                    pad2: 0,
                    IoControlCode: code,
                    pad3: 0,
                    Type3InputBuffer: null_mut(),
                },
            },
            DeviceObject: device.this,
            FileObject: file,
            CompletionRoutine: None,
            Context: null_mut(),
        };
        let size = input.len().max(output);
        let parts = Box::into_raw(Box::new(Parts {
            irp: empty_irp(),
            stack: [location; 2],
            buffer: vec![0; size.div_ceil(8)].into_boxed_slice(),
            is_done: AtomicU32::new(0),
        }));
        unsafe {
            let buffer: *mut u8 = (*parts).buffer.as_mut_ptr().cast();
            buffer.copy_from_nonoverlapping(input.as_ptr(), input.len());
            let irp = &raw mut (*parts).irp;
            (*irp).UserEvent = (&raw mut (*parts).is_done).cast();
            if size != 0 {
                (*irp).AssociatedIrp.SystemBuffer = buffer.cast();
            }
            let place = &raw mut (*irp).Tail.Overlay.__bindgen_anon_2.__bindgen_anon_1;
            (*place).CurrentStackLocation =
                (&raw mut (*parts).stack).cast::<IO_STACK_LOCATION>().add(1);
        }
        let routines = unsafe { &(*device.driver).MajorFunction };
        Self {
            parts,
            device: device.this,
            dispatch: routines[major as usize].expect("a dispatch routine"),
        }
    }

    fn irp(&self) -> *mut IRP {
        unsafe { &raw mut (*self.parts).irp }
    }

    /// Sends it, and has what it has set off run afterwards.
    ///
    /// # Panics
    ///
    /// The dispatch routine returns something else than it completes the request with.
    pub fn send(&self) {
        let status = unsafe { (self.dispatch)(self.device, self.irp()) };
        check_passive();
        if status != STATUS_PENDING {
            assert!(self.is_done(), "returned {status:#x} and is not complete");
            assert_eq!(self.status(), status);
        }
        deferred::run();
    }

    /// `IoCancelIrp`: whether it could be canceled.
    #[must_use]
    pub fn cancel(&self) -> bool {
        let is_canceled = unsafe { csq::cancel(self.irp()) };
        check_passive();
        is_canceled
    }

    /// Whether it is complete.
    #[must_use]
    pub fn is_done(&self) -> bool {
        unsafe { &(*self.parts).is_done }.load(Ordering::Acquire) != 0
    }

    fn status(&self) -> NTSTATUS {
        unsafe { (*self.irp()).IoStatus.__bindgen_anon_1.Status }
    }

    /// Waits until it is complete. Returns its status and what was answered.
    #[must_use]
    pub fn end(&self) -> (NTSTATUS, Vec<u8>) {
        while !self.is_done() {
            yield_now();
        }
        let length = unsafe { (*self.irp()).IoStatus.Information };
        let length = usize::try_from(length).expect("a length");
        let buffer = unsafe { &(*self.parts).buffer };
        let bytes: Vec<u8> = buffer.iter().flat_map(|word| word.to_ne_bytes()).collect();
        (self.status(), bytes[..length].to_vec())
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        // One that was prepared and not sent is nobody's.
        drop(unsafe { Box::from_raw(self.parts) });
    }
}

const fn empty_irp() -> IRP {
    const NO_LINKS: LIST_ENTRY = LIST_ENTRY {
        Flink: null_mut(),
        Blink: null_mut(),
    };
    IRP {
        Type: 6,
        Size: 0,
        MdlAddress: null_mut(),
        Flags: 0,
        AssociatedIrp: AssociatedIrp {
            SystemBuffer: null_mut(),
        },
        ThreadListEntry: NO_LINKS,
        IoStatus: IO_STATUS_BLOCK {
            __bindgen_anon_1: IoStatusUnion {
                Pointer: null_mut(),
            },
            Information: 0,
        },
        RequestorMode: 1,
        PendingReturned: 0,
        StackCount: 2,
        CurrentLocation: 2,
        Cancel: 0,
        CancelIrql: 0,
        ApcEnvironment: 0,
        AllocationFlags: 0,
        UserIosb: null_mut(),
        UserEvent: null_mut(),
        Overlay: [0; 2],
        CancelRoutine: None,
        UserBuffer: null_mut(),
        Tail: Tail {
            Overlay: Overlay {
                __bindgen_anon_1: OverlayUnion {
                    __bindgen_anon_1: DriverContextWords {
                        DriverContext: [null_mut(); 4],
                    },
                },
                Thread: null_mut(),
                AuxiliaryBuffer: null_mut(),
                __bindgen_anon_2: Links {
                    ListEntry: NO_LINKS,
                    __bindgen_anon_1: StackLocationUnion {
                        CurrentStackLocation: null_mut(),
                    },
                },
                OriginalFileObject: null_mut(),
            },
        },
    }
}
