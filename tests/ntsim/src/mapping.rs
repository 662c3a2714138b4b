//! Memory of the process that the simulated machine uses as its own.

// UNSAFETY: mmap, mprotect, madvise and munmap. A mapping is only ever reached through `guest`, which checks
// every address, so no Rust reference into one exists.
#![expect(unsafe_code, reason = "calls mmap, mprotect, madvise and munmap")]

use std::io;

/// Bytes in a page.
pub const PAGE: usize = 4096;

/// Rounds up to whole pages.
pub const fn pages(bytes: usize) -> usize {
    bytes.div_ceil(PAGE)
}

/// What the processor may do with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Nothing: a guard page, or memory that was freed.
    None,
    /// Reading.
    Read,
    /// Reading and writing.
    ReadWrite,
    /// Reading and executing.
    ReadExecute,
}

impl Protection {
    const fn bits(self) -> i32 {
        match self {
            Self::None => libc::PROT_NONE,
            Self::Read => libc::PROT_READ,
            Self::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
            Self::ReadExecute => libc::PROT_READ | libc::PROT_EXEC,
        }
    }
}

/// `MADV_GUARD_INSTALL` and `MADV_GUARD_REMOVE` of Linux 6.13.
const GUARD_INSTALL: i32 = 102;
const GUARD_REMOVE: i32 = 103;

/// A range of whole pages, unmapped when dropped.
#[derive(Debug)]
pub struct Mapping {
    base: usize,
    size: usize,
}

impl Mapping {
    /// Maps `size` bytes, rounded up to pages, all zero.
    ///
    /// # Errors
    /// What mmap says.
    pub fn new(size: usize, protection: Protection) -> io::Result<Self> {
        let size = pages(size.max(1)) * PAGE;
        // SAFETY: an anonymous private mapping at an address the kernel chooses replaces nothing.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                size,
                protection.bits(),
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            base: base as usize,
            size,
        })
    }

    /// Maps as [`Self::new`] does, for reading and writing, somewhere below `limit`.
    ///
    /// # Errors
    /// What mmap says, or that there is no room.
    pub fn below(limit: usize, size: usize) -> io::Result<Self> {
        /// Programs and what belongs to Linux lie below, or far above.
        const LOWEST: usize = 1 << 32;
        let size = pages(size.max(1)) * PAGE;
        let protection = Protection::ReadWrite.bits();
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        for base in (LOWEST..limit.saturating_sub(size)).step_by(size) {
            let at = base as *mut libc::c_void;
            let flags = flags | libc::MAP_FIXED_NOREPLACE;
            // SAFETY: the flag lets an anonymous private mapping replace nothing.
            let found = unsafe { libc::mmap(at, size, protection, flags, -1, 0) };
            if found == at {
                return Ok(Self { base, size });
            }
            if found != libc::MAP_FAILED {
                // A Linux that does not know the flag takes the address for a wish.
                // SAFETY: just mapped, and nothing refers to it.
                unsafe { libc::munmap(found, size) };
            }
        }
        Err(io::Error::other("no room for the memory of a program"))
    }

    /// The address of the first byte.
    pub const fn base(&self) -> usize {
        self.base
    }

    /// The length in bytes.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Changes what may be done with the pages of `offset..offset + length`.
    ///
    /// # Panics
    /// If the range is not inside the mapping, or the kernel refuses.
    pub fn protect(&self, offset: usize, length: usize, protection: Protection) {
        assert!(
            offset.is_multiple_of(PAGE) && offset + length <= self.size,
            "protects only pages of its own"
        );
        let start = (self.base + offset) as *mut libc::c_void;
        // SAFETY: the range is inside this mapping, and no Rust object lives in a mapping.
        let result = unsafe { libc::mprotect(start, length, protection.bits()) };
        assert!(result == 0, "mprotect: {}", io::Error::last_os_error());
    }

    /// Throws away what is in the pages of `offset..offset + length` and lets any touch fault, until
    /// [`Self::unguard`]. Costs much less than [`Self::protect`], which has to split the mapping.
    /// `false` where Linux cannot do that.
    pub fn guard(&self, offset: usize, length: usize) -> bool {
        self.advise(offset, length, GUARD_INSTALL)
    }

    /// Takes all guards of [`Self::guard`] away from these pages, which are then zero.
    pub fn unguard(&self, offset: usize, length: usize) -> bool {
        self.advise(offset, length, GUARD_REMOVE)
    }

    fn advise(&self, offset: usize, length: usize, advice: i32) -> bool {
        assert!(
            offset.is_multiple_of(PAGE) && offset + length <= self.size,
            "guards only pages of its own"
        );
        let start = (self.base + offset) as *mut libc::c_void;
        // SAFETY: the range is inside this mapping, and no Rust object lives in a mapping.
        let result = unsafe { libc::madvise(start, length, advice) };
        result == 0
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this object owns the mapping, and nothing refers into it by reference.
        unsafe { libc::munmap(self.base as *mut libc::c_void, self.size) };
    }
}
