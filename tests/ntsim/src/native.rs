//! Real-thread mode: a driver at full speed, for measuring and for soak tests.
//!
//! No exploration, no rules, no guard pages. The simulated kernel's routines are called straight
//! from the driver's import table and do their work with real spin locks and interlocked
//! operations on real threads; IRPs come from memory that is made once. Several drivers can be
//! loaded side by side.
//!
//! The driver is trusted: nothing here checks an address that it gives. Run it through the rules
//! first (`ntsim run`, `ntsim explore`).
//!
//! # What it does not measure
//!
//! It is not Windows. What is the same for every driver is as short as it can be: the I/O manager's
//! part of a request is filling in an IRP, copying the input, and noting the status. Memory, caches
//! and the processor are real; interrupts, paging, other processors' traffic and the routines'
//! true cost are not there. Compare drivers with each other, not with a clock.
//!
//! | module | what it is |
//! |---|---|
//! | `memory` | unchecked access to the driver's memory, and calling it |
//! | `sync` | spin locks, critical regions, rundown references, remove locks, events |
//! | `dpc` | deferred procedure calls |
//! | `timer` | timers |
//! | `csq` | IoCsq, in the documented order |
//! | `io` | devices, IRPs, cancellation |
//! | `etw` | event tracing, with no listener |
//! | `rtl` | pool, strings, the registry, memory |
//! | `request` | [`Requests`]: IRPs of one kind, used again and again |
//! | [`count`] | how many instructions a path takes, exactly |

/// Makes `find` of a file's routines.
macro_rules! routines {
    ($($name:ident),* $(,)?) => {
        /// The address of a routine of this file.
        pub fn find(name: &str) -> Option<usize> {
            match name {
                $(stringify!($name) => Some($name as *const () as usize),)*
                _ => None,
            }
        }
    };
}

pub mod count;
mod csq;
mod dpc;
mod etw;
mod io;
mod memory;
mod request;
mod rtl;
mod sync;
mod timer;

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub use request::Requests;

pub use crate::nt::pnp;

use crate::image::Plan;
use crate::mapping::{Mapping, Protection};
use crate::nt::{device_object, driver_object, major, status, unicode_string};
use memory::write;

/// Why a driver could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The file cannot be loaded.
    #[error(transparent)]
    Image(#[from] crate::image::ImageError),
    /// It imports what this mode does not have.
    #[error("it imports {0}, which real-thread mode does not have")]
    Import(String),
    /// A routine failed.
    #[error("{routine} returned {}", status::name(*status))]
    Routine {
        /// Its name.
        routine: &'static str,
        /// What it returned.
        status: u32,
    },
}

/// A driver that is loaded, with one device that is started. Any thread may use it.
#[derive(Debug)]
pub struct Driver {
    image: Mapping,
    code: Range<usize>,
    object: usize,
    physical: usize,
    device: usize,
    files: AtomicUsize,
}

/// Makes an error of a status that is none of success.
fn expect(routine: &'static str, status: u32) -> Result<(), StartError> {
    if status::is_success(status) {
        Ok(())
    } else {
        Err(StartError::Routine { routine, status })
    }
}

impl Driver {
    /// Loads an image, calls `DriverEntry` and `AddDevice`, and starts the device. `parameters` are
    /// `REG_DWORD` values of the service's key `Parameters`.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(file: &[u8], parameters: &[(&str, u32)]) -> Result<Self, StartError> {
        let plan = Plan::parse(file)?;
        let mut missing = None;
        let image = Mapping::new(plan.bytes.len(), Protection::ReadWrite)
            .map_err(|error| crate::image::ImageError::Memory(error.to_string()))?;
        let bytes = plan.at(image.base(), |_, import| {
            find(&import.name).unwrap_or_else(|| {
                missing = Some(import.name.clone());
                0
            })
        });
        if let Some(name) = missing {
            return Err(StartError::Import(name));
        }
        memory::store(image.base(), &bytes);
        let (mut first, mut end) = (usize::MAX, 0);
        for section in &plan.sections {
            image.protect(section.start, section.length, section.protection);
            if section.protection == Protection::ReadExecute {
                let start = image.base() + section.start;
                first = first.min(start);
                end = end.max(start + section.length);
            }
        }

        let object = memory::allocate(driver_object::ALLOCATION);
        io::initialize_driver(object, image.base(), image.size());
        rtl::set_parameters(parameters);
        let path = memory::allocate(unicode_string::SIZE);
        rtl::set_unicode(
            path,
            "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\driver",
        );
        let entered = memory::call(image.base() + plan.entry, [object, path, 0, 0]) as u32;
        rtl::set_parameters(&[]);
        rtl::RtlFreeUnicodeString(path);
        memory::free(path);
        expect("DriverEntry", entered)?;

        let physical = io::create_physical();
        let add_device = io::add_device_routine(object);
        expect(
            "AddDevice",
            memory::call(add_device, [object, physical, 0, 0]) as u32,
        )?;
        let this = Self {
            device: io::top(physical),
            image,
            code: first..end,
            object,
            physical,
            files: AtomicUsize::new(0),
        };
        expect("IRP_MN_START_DEVICE", this.plug_and_play(pnp::START_DEVICE))?;
        Ok(this)
    }

    /// Opens a handle.
    ///
    /// # Errors
    /// The status of `IRP_MJ_CREATE`.
    pub fn open(&self) -> Result<Handle<'_>, u32> {
        let file = io::create_file(self.device);
        let status = io::send_simple(self.device, file, major::CREATE, 0);
        if status::is_success(status) {
            self.files.fetch_add(1, Ordering::Relaxed);
            Ok(Handle { driver: self, file })
        } else {
            memory::free(file);
            Err(status)
        }
    }

    /// Sends a request of the Plug and Play manager, by its minor code, and returns its final status.
    ///
    /// # Panics
    /// If it is the one that removes the device, which dropping this object does.
    #[must_use = "whether the driver agrees"]
    pub fn change(&self, minor: u8) -> u32 {
        assert_ne!(minor, pnp::REMOVE_DEVICE, "drop the driver instead");
        self.plug_and_play(minor)
    }

    fn plug_and_play(&self, minor: u8) -> u32 {
        io::send_simple(self.device, 0, major::PNP, minor)
    }
}

impl Drop for Driver {
    /// Removes the device and unloads the driver.
    fn drop(&mut self) {
        assert_eq!(
            self.files.load(Ordering::Relaxed),
            0,
            "a handle was forgotten"
        );
        self.plug_and_play(pnp::REMOVE_DEVICE);
        memory::call(io::unload_routine(self.object), [self.object, 0, 0, 0]);
        csq::forget(&self.code);
        memory::free(self.physical);
        memory::free(self.object);
    }
}

/// A handle, or rather the file object: it has no duplicates.
#[derive(Debug)]
pub struct Handle<'driver> {
    driver: &'driver Driver,
    file: usize,
}

impl Handle<'_> {
    /// Sends `IRP_MJ_CLEANUP`, as when the last handle of the file object is closed. The requests
    /// end; the rest happens when this object is dropped.
    pub fn cleanup(&self) {
        let cleaned = self.file + io::CLEANED_UP;
        if memory::read::<u8>(cleaned) == 0 {
            write(cleaned, 1u8);
            io::send_simple(self.driver.device, self.file, major::CLEANUP, 0);
        }
    }
}

impl Drop for Handle<'_> {
    fn drop(&mut self) {
        self.cleanup();
        io::send_simple(self.driver.device, self.file, major::CLOSE, 0);
        memory::free(self.file);
        self.driver.files.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the driver has from the pool now, in bytes, and how often it ever took some. All drivers of
/// the process together.
#[must_use]
pub fn pool_use() -> (usize, usize) {
    rtl::pool_use()
}

/// Keeps the current thread on one processor. `false` if Linux does not let it.
#[must_use = "whether it worked"]
pub fn pin(processor: usize) -> bool {
    memory::pin(processor)
}

/// How long the current thread has had a processor. Other programs' turns do not count.
#[must_use]
pub fn processor_time() -> Duration {
    memory::processor_time()
}

/// The address of a kernel routine.
fn find(name: &str) -> Option<usize> {
    csq::find(name)
        .or_else(|| dpc::find(name))
        .or_else(|| etw::find(name))
        .or_else(|| io::find(name))
        .or_else(|| rtl::find(name))
        .or_else(|| sync::find(name))
        .or_else(|| timer::find(name))
}

const _: () = assert!(device_object::SIZE.is_multiple_of(16));
