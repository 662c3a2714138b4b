//! The data of `IRP_MJ_READ` and `IRP_MJ_WRITE`, by direct or by buffered I/O, and that of device control requests
//! with direct I/O.
//!
//! With direct I/O the pages of the program are locked, and mapped when they are first used. The program can write
//! to them meanwhile, so there is never a reference to them: what is written is copied, and only the copy looked at.
//!
//! See "Using Direct I/O":
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/using-direct-i-o>.

// UNSAFETY: copies from and to the memory of programs.
#![expect(
    unsafe_code,
    reason = "copies from and to memory that an IRP describes"
)]

use core::ptr::{NonNull, null_mut};

use crate::irp::Irp;
use crate::stack_location::StackLocation;
use crate::state::{InDirect, OutDirect, Read, State, Write};
use crate::status::NtStatus;
use crate::sys::{
    IRP, KERNEL_MODE, MAP_CACHED, MDL_IS_MAPPED, MDL_MAPPING_NO_EXECUTE_NORMAL_PRIORITY,
    MmMapLockedPagesSpecifyCache, system_buffer,
};

mod sealed {
    use super::{InDirect, OutDirect, Read, Write};

    pub trait Transfer {
        /// It is a device control request, so its `SystemBuffer` is not the data but the input beside it.
        const IS_CONTROL: bool;
    }
    impl Transfer for Read {
        const IS_CONTROL: bool = false;
    }
    impl Transfer for Write {
        const IS_CONTROL: bool = false;
    }
    impl Transfer for InDirect {
        const IS_CONTROL: bool = true;
    }
    impl Transfer for OutDirect {
        const IS_CONTROL: bool = true;
    }

    /// The program wants data: its memory can be written.
    pub trait ToProgram: Transfer {}
    impl ToProgram for Read {}
    impl ToProgram for OutDirect {}

    /// The program brings data: its memory can be read.
    pub trait FromProgram: Transfer {}
    impl FromProgram for Write {}
    impl FromProgram for InDirect {}
}

use self::sealed::{FromProgram, ToProgram, Transfer};

impl<D, S: State<Kind: Transfer>> Irp<D, S> {
    /// How many bytes are asked for, or are to be written.
    #[must_use]
    pub fn length(&self) -> usize {
        length::<S::Kind>(self.stack())
    }
}

impl<D, S: State<Kind: ToProgram>> Irp<D, S> {
    /// Answers with as much of some parts as was asked for, one part after the other. Returns how many bytes
    /// that is.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES` if the program's pages cannot be mapped. Nothing is answered then.
    pub fn fill<const N: usize>(&mut self, parts: [&[u8]; N]) -> Result<usize, NtStatus> {
        // SAFETY: owned while borrowed, by the type invariant.
        let memory = unsafe { Memory::of::<S::Kind>(self.as_raw()) }?;
        let mut written = 0;
        for part in parts {
            let count = part.len().min(memory.length - written);
            // SAFETY: at most its length.
            let to = unsafe { memory.start.add(written) };
            // SAFETY: valid for writes of what is left; a part of the driver's does not overlap the program's.
            unsafe { to.as_ptr().copy_from_nonoverlapping(part.as_ptr(), count) };
            written += count;
        }
        self.set_information(written);
        Ok(written)
    }

    /// Answers with the data of another request, as much of it as was asked for. Returns how many bytes that is.
    ///
    /// # Errors
    ///
    /// As [`fill`](Self::fill), for the pages of either.
    pub fn fill_from<E, T>(&mut self, source: &Irp<E, T>) -> Result<usize, NtStatus>
    where
        T: State<Kind: FromProgram>,
    {
        // SAFETY: owned while borrowed, by the type invariant.
        let from = unsafe { Memory::of::<T::Kind>(source.as_raw()) }?;
        // SAFETY: owned while borrowed, by the type invariant.
        let to = unsafe { Memory::of::<S::Kind>(self.as_raw()) }?;
        let count = from.length.min(to.length);
        // SAFETY: valid for as many. The programs may have given the same pages, so they may overlap.
        unsafe { from.start.copy_to(to.start, count) };
        self.set_information(count);
        Ok(count)
    }
}

impl<D, S: State<Kind: FromProgram>> Irp<D, S> {
    /// Copies the data from byte `offset` on. Returns how many bytes that is: fewer than `bytes` has space for,
    /// if there are no more.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES` if the program's pages cannot be mapped.
    pub fn copy_to(&self, offset: usize, bytes: &mut [u8]) -> Result<usize, NtStatus> {
        // SAFETY: owned while borrowed, by the type invariant.
        let memory = unsafe { Memory::of::<S::Kind>(self.as_raw()) }?;
        let offset = offset.min(memory.length);
        let count = bytes.len().min(memory.length - offset);
        // SAFETY: at most its length.
        let from = unsafe { memory.start.add(offset) };
        // SAFETY: valid for reads of what is left; `bytes` is the driver's, and overlaps nothing of a program's.
        unsafe {
            from.as_ptr()
                .copy_to_nonoverlapping(bytes.as_mut_ptr(), count);
        };
        Ok(count)
    }

    /// Notes how many bytes were written: all that there are, or fewer.
    pub fn set_written(&mut self, count: usize) {
        self.set_information(count.min(self.length()));
    }
}

fn length<K: Transfer>(stack: StackLocation<'_>) -> usize {
    if K::IS_CONTROL {
        // SAFETY: of a device control request, by the callers' kinds.
        unsafe { stack.device_control().output_length as usize }
    } else {
        // SAFETY: of an `IRP_MJ_READ` or an `IRP_MJ_WRITE`, by the callers' kinds.
        unsafe { stack.transfer_length() as usize }
    }
}

/// The memory of a request's data.
///
/// # Invariants
///
/// Valid for `length` bytes for as long as the IRP is owned: for writes if the program wants data, for reads if it
/// brings some.
struct Memory {
    start: NonNull<u8>,
    length: usize,
}

impl Memory {
    /// `MmGetSystemAddressForMdlSafe`, or the `SystemBuffer`. With neither there is no memory.
    ///
    /// # Safety
    ///
    /// `irp` is owned, and a request of that kind.
    unsafe fn of<K: Transfer>(irp: NonNull<IRP>) -> Result<Self, NtStatus> {
        // SAFETY: the caller has the IRP.
        let length = length::<K>(unsafe { StackLocation::of(irp) });
        // SAFETY: the caller has the IRP; the field is the I/O manager's, set before this driver was called.
        let mdl = unsafe { (*irp.as_ptr()).MdlAddress };
        if mdl.is_null() {
            if K::IS_CONTROL {
                return Ok(Self::NONE);
            }
            // SAFETY: the caller has the IRP.
            let field = unsafe { system_buffer(irp.as_ptr()) };
            // SAFETY: a field of the IRP; without an MDL this is the union's member in use, or null.
            let start: *mut u8 = unsafe { *field }.cast();
            return Ok(NonNull::new(start).map_or(Self::NONE, |start| Self { start, length }));
        }
        // SAFETY: the I/O manager's MDL, of which nobody else changes the flags while the IRP is owned.
        let flags = unsafe { (*mdl).MdlFlags };
        let start = if flags & MDL_IS_MAPPED != 0 {
            // SAFETY: the MDL is the IRP's, and mapped, so the field is set.
            unsafe { (*mdl).MappedSystemVa }
        } else {
            // SAFETY: the I/O manager has locked the pages, and unmaps them when the IRP is complete.
            unsafe {
                MmMapLockedPagesSpecifyCache(
                    mdl,
                    KERNEL_MODE,
                    MAP_CACHED,
                    null_mut(),
                    0,
                    MDL_MAPPING_NO_EXECUTE_NORMAL_PRIORITY,
                )
            }
        };
        let start = NonNull::new(start.cast()).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        // SAFETY: the MDL stays for as long as the IRP.
        let count = unsafe { (*mdl).ByteCount } as usize;
        Ok(Self {
            start,
            length: length.min(count),
        })
    }

    const NONE: Self = Self {
        start: NonNull::dangling(),
        length: 0,
    };
}
