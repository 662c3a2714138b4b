//! What happens when the loader has loaded this module.
//!
//! UNSAFETY: changes one slot of a loaded module's import address table.
#![expect(unsafe_code, reason = "patches an import of a loaded module")]

use core::ffi::c_void;
use core::sync::atomic::{AtomicUsize, Ordering};

use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};
use windows_sys::Win32::System::Memory::{HeapFree, PAGE_READWRITE, VirtualProtect};
use windows_sys::Win32::System::SystemServices::DLL_PROCESS_ATTACH;

use crate::base;
use crate::irp::is_irp;
use crate::quarantine::Quarantine;

/// A block that its owner has given back: heap, flags, address.
#[derive(Clone, Copy)]
struct Freed(*mut c_void, u32, *mut c_void);

// SAFETY: a heap's blocks belong to no thread.
unsafe impl Send for Freed {}

/// At the rate of some thousand IRPs a second that Wine reaches, seconds pass before an address is
/// used again; a cancel waits for one dispatch routine.
static IRPS: Quarantine<Freed, 8192> = Quarantine::new();

/// `HeapFree` for Wine's kernel: IRPs are kept for a while, everything else is freed at once, so
/// that a driver's own mistakes with freed memory stay what they are.
unsafe extern "system" fn heap_free(heap: *mut c_void, flags: u32, block: *mut c_void) -> i32 {
    // SAFETY: what is freed is readable, and a heap hands out 16 bytes at least.
    let freed = if !block.is_null() && unsafe { is_irp(block) } {
        IRPS.exchange(Freed(heap, flags, block))
    } else {
        Some(Freed(heap, flags, block))
    };
    match freed {
        // SAFETY: passed on as it came, once.
        Some(Freed(heap, flags, block)) => unsafe { HeapFree(heap, flags, block) },
        None => 1,
    }
}

/// Replaces `old` by `new` in the import address table of a loaded module; whether it was there.
///
/// # Safety
/// `module` is loaded, and `new` has the signature of `old`.
unsafe fn replace_import(module: *const u8, old: usize, new: usize) -> bool {
    /// Where the file says at which offset its PE header is.
    const PE_HEADER: usize = 0x3c;
    /// Where the PE header says at which offset the table is.
    const TABLE: usize = 0x18 + 0x70 + 12 * 8;
    /// And how long.
    const TABLE_SIZE: usize = TABLE + 4;

    let number = |offset: usize| {
        // SAFETY: an offset in the header of a loaded module.
        let at = unsafe { module.add(offset) };
        // SAFETY: as above.
        let number = unsafe { at.cast::<u32>().read_unaligned() };
        number as usize
    };
    let header = number(PE_HEADER);
    // SAFETY: the header says that the table is there.
    let table = unsafe { module.add(number(header + TABLE)) };
    let slots = number(header + TABLE_SIZE) / size_of::<usize>();
    // SAFETY: as above, and the loader has filled it in. Nothing else writes to it.
    let table: &[AtomicUsize] = unsafe { core::slice::from_raw_parts(table.cast(), slots) };
    let mut replaced = false;
    for slot in table
        .iter()
        .filter(|slot| slot.load(Ordering::SeqCst) == old)
    {
        replaced |= store(slot, new);
    }
    replaced
}

/// Overwrites a slot of an import address table, which the loader has made read-only.
fn store(slot: &AtomicUsize, new: usize) -> bool {
    let page = (&raw const *slot).cast();
    let mut protection = 0;
    // SAFETY: a slot of a loaded module, which nobody executes.
    let writable = unsafe {
        VirtualProtect(
            page,
            size_of::<usize>(),
            PAGE_READWRITE,
            &raw mut protection,
        )
    };
    if writable != 0 {
        slot.store(new, Ordering::SeqCst);
        // SAFETY: as it was.
        unsafe { VirtualProtect(page, size_of::<usize>(), protection, &raw mut protection) };
    }
    writable != 0
}

/// Puts [`heap_free`] in the place of Wine's kernel's `HeapFree`; whether it was found.
fn quarantine_irps() -> bool {
    // SAFETY: a name with its zero. It is loaded: this module imports from it.
    let wine = unsafe { GetModuleHandleA(c"ntosbase.dll".as_ptr().cast()) };
    // SAFETY: as above.
    let kernel32 = unsafe { GetModuleHandleA(c"kernel32.dll".as_ptr().cast()) };
    // SAFETY: a loaded module, and a name with its zero.
    let original = unsafe { GetProcAddress(kernel32, c"HeapFree".as_ptr().cast()) };
    // SAFETY: loaded; and the replacement is a HeapFree.
    original.is_some_and(|original| unsafe {
        replace_import(
            wine.cast(),
            original as usize,
            heap_free as *const () as usize,
        )
    })
}

/// Prints a line to the driver's log.
pub fn say(text: &str) {
    let mut line = [0_u8; 200];
    for (to, from) in line.iter_mut().take(198).zip(text.bytes().chain([b'\n'])) {
        *to = from;
    }
    // SAFETY: the format takes one string, and the line ends with a zero.
    unsafe { base::DbgPrint(c"%s".as_ptr(), line.as_ptr()) };
}

/// Called by the loader.
#[unsafe(no_mangle)]
extern "system" fn DllMain(_module: *mut c_void, reason: u32, _reserved: *mut c_void) -> i32 {
    if reason == DLL_PROCESS_ATTACH {
        // Services have no standard error of their own; the process ends after this line.
        std::panic::set_hook(Box::new(|panic| say(&format!("wine-host: {panic}"))));
        if quarantine_irps() {
            say(wine_supplied::LOADED);
        } else {
            say("wine-host: this Wine's ntoskrnl.exe does not free memory with HeapFree");
        }
    }
    1
}
