//! Structured exceptions: what `__try` of a driver in C catches, and what its `__finally` does.
//!
//! An exception is raised by a routine of the kernel ([`raise`]), or by an instruction of the driver, or of a routine
//! that works for it, that touches what a program does not have any more ([`Fault`]). As in Windows, first the filters of
//! the driver's frames are asked, from the innermost on; then what lies below the frame whose filter has said yes is
//! left, with its termination handlers, and that frame goes on in its `__except`. What nobody catches is a finding.
//!
//! What a driver has no business to touch (freed pool, beyond the end of an object) is a finding at once: Windows stops
//! there, too, whatever `__try` is around it.

// UNSAFETY: the driver goes on somewhere else than it was.
#![expect(unsafe_code, reason = "gives the driver other registers")]

pub mod frame;
pub mod gate;

use std::arch::asm;
use std::cell::{Cell, RefCell};

use crate::cpu::{self, Left};
use crate::finding::{self, Broken};
use crate::machine;
use crate::nt::user;
use crate::rule::fault;
use crate::schedule;
use crate::trap::Registers;
use crate::world;
use frame::{Frame, Scope};

/// `STATUS_ACCESS_VIOLATION`.
pub const ACCESS_VIOLATION: u32 = 0xc000_0005;
/// `STATUS_DATATYPE_MISALIGNMENT`.
pub const MISALIGNMENT: u32 = 0x8000_0002;
/// `STATUS_INTEGER_DIVIDE_BY_ZERO`.
pub const DIVIDE_BY_ZERO: u32 = 0xc000_0094;

/// The registers of a thread in the driver.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// As Linux orders them.
    pub registers: Registers,
    /// `xmm0` and so on.
    pub vectors: [u128; 16],
}

impl Context {
    pub(crate) fn get(&self, register: libc::c_int) -> usize {
        self.registers
            .get(register as usize)
            .map_or(0, |value| *value as usize)
    }

    pub(crate) fn set(&mut self, register: libc::c_int, value: usize) {
        if let Some(place) = self.registers.get_mut(register as usize) {
            *place = value as i64;
        }
    }
}

/// What is raised.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// `ExceptionCode`.
    pub code: u32,
    /// `ExceptionInformation`: of an access violation, 1 for a write, and the address.
    pub information: [usize; 2],
}

/// An instruction's exception, on its way out of the signal handler.
struct Caught {
    context: Context,
    exception: Exception,
    /// What it is a finding of if nobody catches it.
    otherwise: Broken,
}

thread_local! {
    static CAUGHT: RefCell<Option<Caught>> = const { RefCell::new(None) };
    /// The registers that the thread goes on with at its next trap.
    static LANDING: Cell<Option<Context>> = const { Cell::new(None) };
}

/// Whether the driver has frames that catch exceptions.
fn are_handled() -> bool {
    cpu::in_driver() && machine::try_with(|machine| machine.image.catches()).unwrap_or_default()
}

/// If the thread was about to go on elsewhere: the registers for that. For the handler of traps.
pub fn landing() -> Option<Context> {
    LANDING.take()
}

/// An instruction has faulted. If it is one for the driver to catch, returns where and with which stack pointer to go on;
/// otherwise gives the finding back.
///
/// # Errors
/// The finding that it is.
pub fn fault(
    context: &Context,
    exception: Exception,
    otherwise: Broken,
) -> Result<(usize, usize), Broken> {
    /// Below the interrupted frame nothing is kept.
    const BELOW: usize = 0x400;
    let free = world::try_with(|_| ()).is_some();
    if !free || !are_handled() {
        return Err(otherwise);
    }
    let stack = (context.get(libc::REG_RSP) - BELOW) & !15;
    CAUGHT.set(Some(Caught {
        context: *context,
        exception,
        otherwise,
    }));
    // As after a call.
    Ok((
        after_fault as *const () as usize,
        stack - size_of::<usize>(),
    ))
}

extern "C" fn after_fault() -> ! {
    let Some(Caught {
        context,
        exception,
        otherwise,
    }) = CAUGHT.take()
    else {
        schedule::stop()
    };
    // What a routine of the kernel has touched is the business of who has called it.
    let own = machine::with(|machine| machine.image.offset_of(context.get(libc::REG_RIP)));
    let origin = if own.is_some() {
        Some(context)
    } else {
        gate::caller()
    };
    if let Some(origin) = origin {
        dispatch(&origin, exception, own.is_some().then_some(&context));
    }
    let rip = context.get(libc::REG_RIP);
    let rip = machine::with(|machine| {
        let image = &machine.image;
        image
            .offset_of(rip)
            .map_or(rip, |offset| image.base() + offset)
    });
    finding::note_fault(otherwise, rip, context.get(libc::REG_RSP));
    cpu::leave(Left::Finding);
    schedule::stop()
}

/// A routine that the driver has called raises an exception. Does not come back.
pub fn raise(exception: Exception) -> ! {
    catch(exception);
    finding::raise(
        &fault::UNHANDLED_EXCEPTION,
        format!(
            "the exception {:#010x} was raised, and no __try of the driver catches it",
            exception.code
        ),
    )
}

/// Lets the driver catch an exception that a routine raises which it has called. Comes back if it does not.
pub fn catch(exception: Exception) {
    if are_handled()
        && let Some(origin) = gate::caller()
    {
        dispatch(&origin, exception, None);
    }
}

/// The kernel was given an address of a program that is none. Comes back if the driver does not catch that.
pub fn bad_address(address: usize, writes: bool) {
    if user::contains(address) {
        catch(Exception {
            code: ACCESS_VIOLATION,
            information: [usize::from(writes), address],
        });
    }
}

/// What a filter says.
const CONTINUE_SEARCH: i32 = 0;

/// `EXCEPTION_RECORD`.
#[repr(C)]
struct Record {
    code: u32,
    flags: u32,
    chained: usize,
    address: usize,
    count: u32,
    information: [usize; 15],
}

/// `CONTEXT`, of which only the integer registers are filled in.
#[repr(C, align(16))]
struct Shown([usize; 154]);

impl Shown {
    /// Where the integer registers begin, in words.
    const RAX: usize = 0x78 / 8;
    /// In the order of the structure.
    const ORDER: [libc::c_int; 17] = [
        libc::REG_RAX,
        libc::REG_RCX,
        libc::REG_RDX,
        libc::REG_RBX,
        libc::REG_RSP,
        libc::REG_RBP,
        libc::REG_RSI,
        libc::REG_RDI,
        libc::REG_R8,
        libc::REG_R9,
        libc::REG_R10,
        libc::REG_R11,
        libc::REG_R12,
        libc::REG_R13,
        libc::REG_R14,
        libc::REG_R15,
        libc::REG_RIP,
    ];

    fn of(context: &Context) -> Self {
        let mut words = [0; 154];
        for (place, register) in words.iter_mut().skip(Self::RAX).zip(Self::ORDER) {
            *place = context.get(register);
        }
        Self(words)
    }
}

/// Looks for a frame that catches the exception, and goes on there. Comes back if there is none. `at` is where an
/// instruction of the driver can go on, if a filter says so.
fn dispatch(origin: &Context, exception: Exception, at: Option<&Context>) {
    let shown = Shown::of(origin);
    let record = Record {
        code: exception.code,
        flags: 0,
        chained: 0,
        address: origin.get(libc::REG_RIP),
        count: if exception.code == ACCESS_VIOLATION {
            2
        } else {
            0
        },
        information: {
            let mut all = [0; 15];
            for (place, value) in all.iter_mut().zip(exception.information) {
                *place = value;
            }
            all
        },
    };
    // EXCEPTION_POINTERS.
    let pointers = [&raw const record as usize, &raw const shown as usize];
    let mut context = *origin;
    while let Some(frame) = Frame::of(&context) {
        for index in 0.. {
            let Some(scope) = frame.scope(index) else {
                break;
            };
            if !scope.holds(frame.offset) || scope.target == 0 {
                continue;
            }
            let answer = match scope.handler {
                // EXCEPTION_EXECUTE_HANDLER.
                1 => 1,
                filter => call(filter, &raw const pointers as usize, frame.establisher),
            };
            if answer > CONTINUE_SEARCH {
                unwind(origin, &frame, index, exception.code);
            } else if answer < CONTINUE_SEARCH
                && let Some(at) = at
            {
                land(at);
            }
        }
        match frame.caller {
            Some(caller) => context = caller,
            None => return,
        }
    }
}

/// Calls a filter or termination handler of the driver, by its offset.
fn call(offset: u32, first: usize, establisher: usize) -> i32 {
    let base = machine::with(|machine| machine.image.base());
    cpu::call_back(base + offset as usize, &[first, establisher]) as i32
}

/// Leaves all frames below `target`, with their termination handlers, and goes on in its `__except`.
fn unwind(origin: &Context, target: &Frame, chosen: usize, code: u32) -> ! {
    world::with(|world| world.log("an exception is caught", 0, Some(code)));
    let mut context = *origin;
    while let Some(frame) = Frame::of(&context) {
        let last = frame.establisher == target.establisher && frame.offset == target.offset;
        for index in (0..).take_while(|index| !last || *index < chosen) {
            let Some(scope) = frame.scope(index) else {
                break;
            };
            if scope.holds(frame.offset) && scope.target == 0 {
                call(scope.handler, 1, frame.establisher);
            }
        }
        if last {
            break;
        }
        match frame.caller {
            Some(caller) => context = caller,
            None => break,
        }
    }
    let scope = target.scope(chosen);
    let goes_on = scope.map_or(0, |Scope { target, .. }| target as usize);
    let address = machine::with(|machine| {
        let image = &machine.image;
        image.base() + image.executed_at(goes_on)
    });
    context.set(libc::REG_RIP, address);
    context.set(libc::REG_RAX, code as usize);
    land(&context)
}

/// Goes on with other registers: the handler of the trap puts them into the processor.
fn land(context: &Context) -> ! {
    LANDING.set(Some(*context));
    // SAFETY: the handler of the trap does not let the thread come back here.
    unsafe { asm!("int3", options(noreturn)) }
}
