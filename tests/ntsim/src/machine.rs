//! The machine one OS thread simulates: what stays from run to run.

use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::arena::Arena;
use crate::cpu;
use crate::ddi;
use crate::ddi::data::Data;
use crate::exception::gate::Gates;
use crate::guest;
use crate::image::{Image, ImageError, Plan};
use crate::mapping::{Mapping, PAGE, Protection};
use crate::nt::user;
use crate::settings::Settings;
use crate::trap;

/// As many threads as a run may ever start.
pub const MAX_THREADS: usize = 256;

/// The image, the memory, the processors and the choices of the person who runs it.
#[derive(Debug)]
pub struct Machine {
    /// The driver.
    pub image: Image,
    /// Memory for objects.
    pub arena: Arena,
    /// Tells it from those before it.
    pub id: u64,
    /// What this machine does where Windows versions or sources differ.
    pub settings: Settings,
    processors: Mapping,
    /// The buffers of programs.
    pub user: Arena,
    data: Data,
    _gates: Option<Gates>,
}

/// Two pages each: what gs points to, and the thread object it names.
const PAGES_PER_PROCESSOR: usize = 2;

thread_local! {
    static MACHINE: RefCell<Option<Machine>> = const { RefCell::new(None) };
}

impl Machine {
    /// Loads a driver into a new machine and makes it the one of this OS thread.
    ///
    /// # Errors
    /// [`ImageError`] for a file that is no x64 driver.
    pub fn install(file: &[u8], path: &Path, settings: Settings) -> Result<(), ImageError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        if !cpu::supports_gs() {
            return Err(ImageError::Unsupported(
                "code that needs the gs register, which this processor or Linux does not let a program set".into(),
            ));
        }
        let plan = Plan::parse(file)?;
        Self::remove();
        let memory = |error: std::io::Error| ImageError::Memory(error.to_string());
        let data = Data::new().map_err(memory)?;
        let catches = plan
            .imports
            .iter()
            .any(|import| import.name == "__C_specific_handler");
        let gates = catches.then(|| Gates::new(plan.imports.len())).transpose();
        let gates = RefCell::new(gates.map_err(memory)?);
        let routine = |name: &str| {
            let address = ddi::find(name)?;
            let mut gates = gates.borrow_mut();
            Some(gates.as_mut().map_or(address, |gates| gates.add(address)))
        };
        let resolve = |name: &str| data.find(name).or_else(|| routine(name));
        let mut image = Image::map(plan, resolve, trap::scheduler_entry())?;
        image.read_symbols(path);
        let gates = gates.into_inner();
        gates.iter().for_each(Gates::close);
        let arena = Arena::new().map_err(memory)?;
        let size = MAX_THREADS * PAGES_PER_PROCESSOR * PAGE;
        let processors = Mapping::new(size, Protection::ReadWrite).map_err(memory)?;
        guest::add_range(processors.base()..processors.base() + processors.size());
        trap::install(&image);
        let machine = Self {
            image,
            arena,
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            settings,
            processors,
            user: Arena::of_programs().map_err(memory)?,
            data,
            _gates: gates,
        };
        MACHINE.with_borrow_mut(|slot| *slot = Some(machine));
        Ok(())
    }

    /// Takes this OS thread's machine away, if it has one.
    pub fn remove() {
        MACHINE.with_borrow_mut(|slot| *slot = None);
        guest::forget_ranges();
    }

    /// The object at or around an address, its size, and whether it is alive.
    pub fn object_at(&self, address: usize) -> Option<(usize, usize, bool)> {
        let arena = if user::contains(address) {
            &self.user
        } else {
            &self.arena
        };
        arena.object_at(address)
    }

    /// The type of objects that a variable of the kernel names, such as `ExEventObjectType`.
    pub fn type_of(&self, variable: &str) -> usize {
        self.data.type_of(variable)
    }

    /// The control region and the thread object of the thread with this number.
    ///
    /// # Panics
    /// Beyond [`MAX_THREADS`].
    pub fn processor(&self, thread: usize) -> Processor {
        assert!(
            thread < MAX_THREADS,
            "a run has at most {MAX_THREADS} threads"
        );
        let region = self.processors.base() + thread * PAGES_PER_PROCESSOR * PAGE;
        Processor {
            region,
            thread: region + PAGE,
        }
    }
}

/// Addresses that belong to one simulated thread.
#[derive(Clone, Copy, Debug, Hash)]
pub struct Processor {
    /// The processor control region (KPCR), where gs points.
    pub region: usize,
    /// The thread object (ETHREAD).
    pub thread: usize,
}

impl Processor {
    /// Fills in what compiled drivers read through gs.
    pub fn initialize(self) {
        const SELF: usize = 0x18;
        const CURRENT_THREAD: usize = 0x188;
        guest::write(self.region + SELF, self.region);
        guest::write(self.region + CURRENT_THREAD, self.thread);
    }

    /// Room for values that a kernel routine hands to the driver by address.
    pub const fn scratch(self) -> usize {
        self.thread + PAGE / 2
    }
}

/// Works with this OS thread's machine. Never across a call into the driver or a switch.
///
/// # Panics
/// If there is none.
pub fn with<R>(work: impl FnOnce(&mut Machine) -> R) -> R {
    MACHINE.with_borrow_mut(|slot| work(slot.as_mut().expect("a machine is installed")))
}

/// Like [`with`], for the trap handler: `None` if the machine is in use or absent.
pub fn try_with<R>(work: impl FnOnce(&mut Machine) -> R) -> Option<R> {
    MACHINE.with(|slot| slot.try_borrow_mut().ok()?.as_mut().map(work))
}
