//! Faults of the driver's code: what ring 0 would allow is emulated, everything else is a finding.

// UNSAFETY: a signal handler that reads the faulting code and changes the interrupted registers.
#![expect(unsafe_code, reason = "handles signals")]

mod decode;
mod point;
mod report;
mod watchdog;

use std::cell::Cell;
use std::ops::Range;
use std::sync::Once;

use crate::coverage;
use crate::cpu::{self, Left};
use crate::exception::{self, Context, Exception};
use crate::finding;
use crate::image::Image;
use crate::nt::user;
use crate::rule;
use crate::world;
use decode::Emulated;
pub use point::{check_end, scheduler_entry};
pub use watchdog::Watchdog;

/// The registers of the interrupted thread, in Linux's order.
pub type Registers = [i64; 23];

/// Enough for decoding, vector clocks and the text of a finding.
const STACK: usize = 1 << 18;

thread_local! {
    /// The image, and the part of it that is code.
    static IMAGE: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    static CODE: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    static HAS_STACK: Cell<bool> = const { Cell::new(false) };
}

fn range(cell: &'static std::thread::LocalKey<Cell<(usize, usize)>>) -> Range<usize> {
    let (start, end) = cell.get();
    start..end
}

/// The driver's image on this OS thread.
pub fn image_range() -> Range<usize> {
    range(&IMAGE)
}

/// Handles this OS thread's faults as those of the image's code.
pub fn install(image: &Image) {
    static HANDLER: Once = Once::new();
    IMAGE.set((image.base(), image.base() + image.size()));
    let start = image.code().map(|code| code.start).min().unwrap_or(0);
    let end = image.code().map(|code| code.end).max().unwrap_or(0);
    CODE.set((start, end));
    HANDLER.call_once(install_handler);
    if !HAS_STACK.replace(true) {
        install_stack();
    }
}

/// Gives this OS thread a stack for the handler: the fault may be that of a full one.
fn install_stack() {
    let memory = Box::leak(vec![0u8; STACK].into_boxed_slice());
    let stack = libc::stack_t {
        ss_sp: memory.as_mut_ptr().cast(),
        ss_flags: 0,
        ss_size: memory.len(),
    };
    // SAFETY: the memory is leaked, so it outlives the thread, and nothing else uses it.
    let result = unsafe { libc::sigaltstack(&raw const stack, std::ptr::null_mut()) };
    assert!(
        result == 0,
        "sigaltstack: {}",
        std::io::Error::last_os_error()
    );
}

fn install_handler() {
    for signal in [
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGILL,
        libc::SIGTRAP,
        libc::SIGFPE,
        watchdog::SIGNAL,
    ] {
        // SAFETY: all zeroes is a valid sigaction.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER | libc::SA_RESTART;
        // SAFETY: `action` is initialized and names a handler of the signature that SA_SIGINFO wants.
        let result = unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
        assert!(
            result == 0,
            "sigaction: {}",
            std::io::Error::last_os_error()
        );
    }
}

/// A fault, as the rest of this module sees it.
#[derive(Debug)]
pub struct Fault<'a> {
    /// The signal.
    pub signal: i32,
    /// The address that was touched, if the processor says; 0 for a general protection fault.
    pub address: usize,
    /// The interrupted registers.
    pub registers: &'a mut Registers,
    /// And those for vectors.
    pub vectors: [u128; 16],
}

impl Fault<'_> {
    fn register(&self, index: libc::c_int) -> usize {
        self.registers
            .get(index as usize)
            .map_or(0, |value| *value as usize)
    }

    /// The instruction pointer.
    pub fn rip(&self) -> usize {
        self.register(libc::REG_RIP)
    }

    /// The stack pointer.
    pub fn rsp(&self) -> usize {
        self.register(libc::REG_RSP)
    }

    /// Whether the driver's code was interrupted, and not the simulated kernel's.
    pub fn is_in_image(&self) -> bool {
        image_range().contains(&self.rip())
    }

    /// Lets the interrupted thread go on at an address.
    pub fn resume_at(&mut self, address: usize) {
        self.set(libc::REG_RIP, address);
    }

    fn set(&mut self, index: libc::c_int, value: usize) {
        if let Some(register) = self.registers.get_mut(index as usize) {
            *register = value as i64;
        }
    }
}

extern "C" fn handler(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::ucontext_t) {
    // SAFETY: the kernel passes a valid siginfo to a SA_SIGINFO handler.
    let info = unsafe { &*info };
    // SAFETY: for these signals, or at least for the faults among them, the union holds an address.
    let address = unsafe { info.si_addr() } as usize;
    // SAFETY: the kernel passes the interrupted context, which nothing else refers to.
    let context = unsafe { &mut *context };
    if signal == libc::SIGTRAP
        && let Some(landing) = exception::landing()
    {
        // Segments and flags stay.
        let general = libc::REG_R8..=libc::REG_RIP;
        for register in general.map(|register| register as usize) {
            let to = context.uc_mcontext.gregs.get_mut(register);
            if let (Some(to), Some(from)) = (to, landing.registers.get(register)) {
                *to = *from;
            }
        }
        set_vectors(context, &landing.vectors);
        return;
    }
    let vectors = vectors(context);
    let mut fault = Fault {
        signal,
        address,
        registers: &mut context.uc_mcontext.gregs,
        vectors,
    };
    if let Err(finding) = handle(&mut fault) {
        end_run(&mut fault, finding);
    }
}

/// The interrupted vector registers.
fn vectors(context: &libc::ucontext_t) -> [u128; 16] {
    // SAFETY: the kernel passes where it has saved them.
    let saved = unsafe { &(*context.uc_mcontext.fpregs)._xmm };
    saved.map(|register| {
        let [first, second, third, fourth] = register.element.map(u128::from);
        first | second << 32 | third << 64 | fourth << 96
    })
}

/// Lets the interrupted thread go on with other vector registers.
fn set_vectors(context: &mut libc::ucontext_t, vectors: &[u128; 16]) {
    // SAFETY: the kernel passes where it has saved them, and takes them from there again.
    let saved = unsafe { &mut (*context.uc_mcontext.fpregs)._xmm };
    for (register, vector) in saved.iter_mut().zip(vectors) {
        register.element = [0, 32, 64, 96].map(|shift| (vector >> shift) as u32);
    }
}

/// If the driver may catch what has happened, lets it go on there.
fn raise(fault: &mut Fault<'_>, broken: finding::Broken) -> Result<(), finding::Broken> {
    /// Of the error code of a page fault: it was a write.
    const WRITES: usize = 2;
    let exception = match fault.signal {
        libc::SIGSEGV | libc::SIGBUS if user::contains(fault.address) => Exception {
            code: exception::ACCESS_VIOLATION,
            information: [
                usize::from(fault.register(libc::REG_ERR) & WRITES != 0),
                fault.address,
            ],
        },
        libc::SIGFPE => Exception {
            code: exception::DIVIDE_BY_ZERO,
            information: [0; 2],
        },
        _ => return Err(broken),
    };
    let context = Context {
        registers: *fault.registers,
        vectors: fault.vectors,
    };
    let (address, stack) = exception::fault(&context, exception, broken)?;
    fault.set(libc::REG_RIP, address);
    fault.set(libc::REG_RSP, stack);
    Ok(())
}

/// Emulates, or says which rule is broken.
fn handle(fault: &mut Fault<'_>) -> Result<(), finding::Broken> {
    if fault.signal == libc::SIGTRAP && point::enter(fault) {
        return Ok(());
    }
    if fault.signal == libc::SIGTRAP && coverage::reached_by(fault) {
        return Ok(());
    }
    let rip = fault.rip();
    let in_code = range(&CODE).contains(&rip);
    if fault.signal == watchdog::SIGNAL {
        let in_driver = cpu::in_driver() && (in_code || point::original(rip).is_some());
        return watchdog::ticked(in_driver).inspect_err(|_| attribute(fault));
    }
    if fault.is_in_image() && cpu::in_driver() {
        match decode::emulate(fault.registers, code_at(rip)) {
            Emulated::Done => return Ok(()),
            Emulated::Broken(broken) => {
                attribute(fault);
                return Err(broken);
            }
            Emulated::Not => {}
        }
    }
    let copied = fault.rip();
    if fault.signal == libc::SIGTRAP
        && (in_code || point::original(rip).is_some())
        && pass_breakpoint()
    {
        return Ok(());
    }
    attribute(fault);
    let broken = report::explain(fault);
    fault.set(libc::REG_RIP, copied);
    raise(fault, broken).inspect_err(|_| attribute(fault))
}

/// Goes on behind a breakpoint, as who debugs the driver would. `false` when the state of the run is in use.
fn pass_breakpoint() -> bool {
    let broken = (
        &rule::fault::BREAKPOINT,
        "a breakpoint (int 3) was reached".to_owned(),
    );
    world::try_with(|world| _ = world.advice.get_or_insert(broken)).is_some()
}

/// A fault of an instruction's copy is reported as one of the instruction.
fn attribute(fault: &mut Fault<'_>) {
    if let Some(original) = point::original(fault.rip()) {
        fault.set(libc::REG_RIP, original);
    }
}

/// The bytes of the instruction at `rip`, which is in the image.
fn code_at(rip: usize) -> &'static [u8] {
    /// The longest instruction.
    const LONGEST: usize = 15;
    let length = LONGEST.min(image_range().end - rip);
    // SAFETY: the bytes are inside the mapped image, whose code pages are always readable and are
    // not written while the driver runs.
    unsafe { std::slice::from_raw_parts(rip as *const u8, length) }
}

/// The value of a register, as far as addresses are computed from it.
pub fn register_value(registers: &Registers, register: iced_x86::Register) -> Option<u64> {
    decode::value(registers, register)
}

/// Notes the finding and makes the interrupted thread leave the driver.
fn end_run(fault: &mut Fault<'_>, broken: finding::Broken) {
    let Some((resume, stack, code)) = cpu::leave_by_context(Left::Finding) else {
        die(fault, &broken);
    };
    if !finding::note_fault(broken, fault.rip(), fault.rsp()) {
        die_in_use(fault);
    }
    fault.set(libc::REG_RIP, resume);
    fault.set(libc::REG_RSP, stack);
    fault.set(libc::REG_RAX, code);
}

fn die_in_use(fault: &Fault<'_>) -> ! {
    eprintln!(
        "ntsim: signal {} at {:#x} inside the simulator, address {:#x}; this is a bug in ntsim",
        fault.signal,
        fault.rip(),
        fault.address
    );
    std::process::abort()
}

/// A fault outside of any call into the driver is a bug of the simulator.
fn die(fault: &Fault<'_>, broken: &finding::Broken) -> ! {
    eprintln!("ntsim: {}", broken.message);
    die_in_use(fault)
}
