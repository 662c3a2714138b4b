//! Why a file cannot be loaded.

/// One sentence for the person who named the file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ImageError {
    /// No MZ or PE signature, or headers that contradict each other.
    #[error("it is not a PE image ({0})")]
    NotPe(String),
    /// An image for another processor.
    #[error("it is for {0}; only x64 drivers can be loaded")]
    WrongMachine(&'static str),
    /// A program or a DLL.
    #[error("it is a user-mode image (subsystem {0}); a driver has the native subsystem, 1")]
    NotNative(u16),
    /// A header points beyond the end of the file or of the image.
    #[error("it is truncated or damaged ({0})")]
    Damaged(String),
    /// Something legal that no driver has.
    #[error("it has {0}, which ntsim does not support")]
    Unsupported(String),
    /// The operating system gave no memory.
    #[error("no memory to map it: {0}")]
    Memory(String),
}
