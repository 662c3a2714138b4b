//! An upper filter on each device of a driver under test, which sends what Windows sends and Wine
//! does not.
//!
//! - When the last handle of a file is closed, Wine sends `IRP_MJ_CLOSE` only, and at once. Windows
//!   sends `IRP_MJ_CLEANUP` first, and `IRP_MJ_CLOSE` when no IRP of the file is left. So does the
//!   filter.
//! - Wine sends `IRP_MN_REMOVE_DEVICE` while there are open handles; on Windows the last
//!   `IRP_MJ_CLOSE` has come before. The filter closes the handles first, in the driver's eyes.
//!
//! Everything else passes through. Wine dispatches on one thread, but a removal comes on another.
//!
//! UNSAFETY: a driver of its own, which reads and writes device objects and passes IRPs on.
#![expect(
    unsafe_code,
    reason = "is a driver: handles device objects and IRPs by pointer"
)]

mod irps;

use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::sync::Once;
use std::time::Duration;

use crate::abi::{
    DeviceObject, DriverObject, Irp, STATUS_DELETE_PENDING, STATUS_INSUFFICIENT_RESOURCES,
    STATUS_SUCCESS, StackLocation, Status, UnicodeString,
};
use crate::base;
use crate::handles::{File, Handles};
use crate::irp::Request;
use crate::startup::say;
use irps::{CLEANUP, CLOSE, CREATE, PNP, POWER, REMOVE_DEVICE, SYSTEM_CONTROL};

/// No stack of devices here is deeper. `IoAttachDeviceToDeviceStack` cannot know: a driver attaches
/// its device below the filter afterwards.
const STACK_SIZE: i8 = 8;
/// `DO_BUFFERED_IO` and `DO_DIRECT_IO`, which say how reads and writes are described.
const BUFFERING: u32 = 0x04 | 0x10;
/// What a driver does at once on Windows. After this time the filter goes on, and says so, because
/// Wine's only dispatch thread must not stand still.
const LIMIT: Duration = Duration::from_secs(5);

/// One filter, for one device. It is never freed: Wine looks for the topmost device and sends it an
/// IRP without a reference in between.
struct Filter {
    /// The driver's device; there until the handles have left.
    lower: *mut DeviceObject,
    handles: Handles,
}

/// The filter's own driver object, which Wine never frees; null until there is one.
static DRIVER: AtomicPtr<DriverObject> = AtomicPtr::new(null_mut());

/// Whether `driver` was loaded from a file that does not belong to Wine. Wine's own drivers, which
/// live in processes of the same kind, need no filter and must not notice that there is one.
///
/// # Safety
/// `driver` is a driver object.
pub unsafe fn is_foreign(driver: *mut DriverObject) -> bool {
    /// Where Wine signs its modules, in the stub for DOS.
    const SIGNATURE_OFFSET: usize = 0x40;
    /// Of "Wine builtin DLL" and "Wine placeholder DLL".
    const SIGNATURE: &[u8] = b"Wine ";
    // SAFETY: by the caller's word.
    let image = unsafe { (*driver).start };
    if image.is_null() {
        // Not loaded from a file: the plug and play manager, or this filter.
        return false;
    }
    // SAFETY: an image is mapped with its first page.
    let bytes = unsafe { image.add(SIGNATURE_OFFSET) };
    // SAFETY: as above.
    let bytes = unsafe { core::slice::from_raw_parts(bytes, SIGNATURE.len()) };
    bytes != SIGNATURE
}

/// Puts a filter above `device`.
///
/// # Safety
/// `device` was just created.
pub unsafe fn attach(device: *mut DeviceObject) -> Status {
    /// For a pointer to the filter.
    const ROOM: u32 = 8;
    const { assert!(size_of::<*const Filter>() == 8) };
    let driver = driver();
    if driver.is_null() {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    // SAFETY: a device object that exists.
    let device_type = unsafe { (*device).device_type };
    let mut above = null_mut();
    // SAFETY: a driver object.
    let status = unsafe {
        base::IoCreateDevice(driver, ROOM, null_mut(), device_type, 0, 0, &raw mut above)
    };
    if status < 0 {
        return status;
    }
    let filter = Box::leak(Box::new(Filter {
        lower: device,
        handles: Handles::new(),
    }));
    // SAFETY: just created.
    let extension = unsafe { (*above).extension };
    // SAFETY: it has room for a pointer.
    unsafe { extension.cast::<*const Filter>().write(filter) };
    // SAFETY: two devices that exist and are attached to nothing.
    unsafe { base::IoAttachDeviceToDeviceStack(above, device) };
    // SAFETY: just created.
    unsafe { (*above).stack_size = STACK_SIZE };
    STATUS_SUCCESS
}

/// Takes the filter off `device`, if there is one, having closed what is open.
///
/// # Safety
/// `device` is a device object.
pub unsafe fn detach(device: *mut DeviceObject) {
    // SAFETY: by the caller's word.
    let above = unsafe { (*device).attached };
    if above.is_null() {
        return;
    }
    // SAFETY: an attached device exists.
    let driver = unsafe { (*above).driver };
    if driver == DRIVER.load(Ordering::SeqCst) {
        // SAFETY: a device of this driver.
        unsafe { filter_of(above) }.close_all();
        // SAFETY: the driver's device, above which the filter is.
        unsafe { base::IoDetachDevice(device) };
    }
}

/// The filter's driver object; made when it is needed for the first time.
fn driver() -> *mut DriverObject {
    static CREATED: Once = Once::new();
    CREATED.call_once(|| {
        let mut text: Vec<u16> = "\\Driver\\wine_host_filter\0".encode_utf16().collect();
        let bytes = u16::try_from(size_of_val(text.as_slice())).unwrap_or(0);
        let mut name = UnicodeString {
            length: bytes.saturating_sub(2),
            maximum_length: bytes,
            buffer: text.as_mut_ptr(),
        };
        // SAFETY: a name with its zero, which Wine copies.
        let status = unsafe { base::IoCreateDriver(&raw mut name, initialize) };
        if status < 0 {
            say("wine-host: IoCreateDriver failed; there is no IRP_MJ_CLEANUP");
        }
    });
    DRIVER.load(Ordering::SeqCst)
}

/// # Safety
/// Called by `IoCreateDriver`, from [`driver`].
unsafe extern "system" fn initialize(driver: *mut DriverObject, _: *mut UnicodeString) -> Status {
    // SAFETY: the new driver object.
    unsafe { (*driver).major_function = [Some(dispatch); 28] };
    DRIVER.store(driver, Ordering::SeqCst);
    STATUS_SUCCESS
}

/// The filter behind a device of this driver.
///
/// # Safety
/// `device` is one.
unsafe fn filter_of(device: *mut DeviceObject) -> &'static Filter {
    // SAFETY: by the caller's word.
    let extension = unsafe { (*device).extension };
    // SAFETY: `attach` has written it before the device was attached.
    let filter = unsafe { *extension.cast::<*const Filter>() };
    // SAFETY: leaked by `attach`.
    unsafe { &*filter }
}

/// # Safety
/// Called by the I/O manager, with an IRP for a device of this driver.
unsafe extern "system" fn dispatch(device: *mut DeviceObject, irp: *mut Irp) -> Status {
    // SAFETY: this driver's device.
    let filter = unsafe { filter_of(device) };
    // SAFETY: this call's IRP, until it is passed on.
    let stack = unsafe { Request::new(irp) }.stack();
    // SAFETY: this call's stack location.
    let StackLocation {
        major, minor, file, ..
    } = unsafe { *stack };
    match major {
        PNP | POWER | SYSTEM_CONTROL => {
            if (major, minor) == (PNP, REMOVE_DEVICE) {
                filter.close_all();
            }
            // SAFETY: this call's IRP, and what this returns is returned.
            unsafe { irps::pass(irp, filter.lower) }
        }
        CREATE => {
            // SAFETY: a file is opened, so the device has not left; its driver has set its flags.
            let flags = unsafe { (*filter.lower).flags };
            // SAFETY: this driver's device.
            unsafe { (*device).flags |= flags & BUFFERING };
            filter.create(irp, file)
        }
        CLOSE => filter.close(irp, file),
        _ => filter.request(irp, file),
    }
}

impl Filter {
    fn create(&self, irp: *mut Irp, file: *mut c_void) -> Status {
        let Some(_dispatching) = self.handles.enter() else {
            return refuse(irp);
        };
        self.handles.open(file.expose_provenance());
        // SAFETY: this call's IRP, and what this returns is returned.
        let status = unsafe { irps::pass(irp, self.lower) };
        if status < 0 {
            self.handles.close(file.expose_provenance());
        }
        status
    }

    fn close(&self, irp: *mut Irp, file: *mut c_void) -> Status {
        let Some(_dispatching) = self.handles.enter() else {
            // The removal closes it; the file must not go away under it.
            self.handles.wait_left(LIMIT);
            // SAFETY: this call's IRP, and what this returns is returned.
            return unsafe { irps::complete(irp, STATUS_SUCCESS) };
        };
        // SAFETY: this call's IRP.
        self.clean_up(file, unsafe { (*irp).thread });
        self.handles.close(file.expose_provenance());
        // SAFETY: this call's IRP, and what this returns is returned.
        unsafe { irps::pass(irp, self.lower) }
    }

    fn request(&'static self, irp: *mut Irp, file: *mut c_void) -> Status {
        let Some(_dispatching) = self.handles.enter() else {
            return refuse(irp);
        };
        self.handles.begin(file.expose_provenance());
        let context = Box::new(Sent {
            handles: &self.handles,
            file: file.expose_provenance(),
        });
        // SAFETY: this call's IRP, which was allocated with STACK_SIZE locations; what this returns
        // is returned.
        unsafe { irps::pass_and_hear(irp, self.lower, ended, Box::into_raw(context).cast()) }
    }

    /// Sends `IRP_MJ_CLEANUP` and waits for the file's IRPs.
    fn clean_up(&self, file: *mut c_void, thread: *mut c_void) {
        // SAFETY: the device has not left, and its file is open.
        if !unsafe { irps::send(self.lower, CLEANUP, file, thread, LIMIT) } {
            say("wine-host: the driver does not complete IRP_MJ_CLEANUP");
        }
        match self.handles.drain(file.expose_provenance(), LIMIT) {
            0 => {}
            left => say(&format!(
                "wine-host: {left} IRPs of a file are not complete after IRP_MJ_CLEANUP; \
                 IRP_MJ_CLOSE comes nevertheless"
            )),
        }
    }

    /// Closes every file that is open, before the device goes. Whose handles they are, nothing says.
    fn close_all(&self) {
        for file in self.handles.leave(LIMIT) {
            let object = core::ptr::with_exposed_provenance_mut(file);
            self.clean_up(object, null_mut());
            // SAFETY: the device has not left, and its file is open.
            if !unsafe { irps::send(self.lower, CLOSE, object, null_mut(), LIMIT) } {
                say("wine-host: the driver does not complete IRP_MJ_CLOSE");
            }
            self.handles.close(file);
        }
        self.handles.left();
    }
}

/// Answers for a device that is going.
fn refuse(irp: *mut Irp) -> Status {
    // SAFETY: called by a dispatch routine with its IRP; what this returns is returned.
    unsafe { irps::complete(irp, STATUS_DELETE_PENDING) }
}

/// An IRP that was passed on.
struct Sent {
    handles: &'static Handles,
    file: File,
}

/// The completion routine of every IRP that [`Filter::request`] passes on.
///
/// # Safety
/// Called once for each.
unsafe extern "system" fn ended(
    _: *mut DeviceObject,
    irp: *mut Irp,
    context: *mut c_void,
) -> Status {
    // SAFETY: made by `Filter::request`, and given to this call.
    let sent = unsafe { Box::from_raw(context.cast::<Sent>()) };
    // SAFETY: an IRP on its way up belongs to its completion routine.
    if unsafe { (*irp).pending_returned } != 0 {
        // SAFETY: as above, until this returns.
        unsafe { Request::new(irp) }.mark_pending();
    }
    sent.handles.end(sent.file);
    STATUS_SUCCESS
}
