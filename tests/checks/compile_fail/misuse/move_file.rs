// Hole: a file context moved while IRPs were in its lists. It is lent pinned, and shared.

use core::pin::Pin;

use wdm::Device;

/// Swaps those of two handles.
pub fn exchange<D: Device>(file: Pin<&mut D::File>, other: &mut D::File) {
    core::mem::swap(file.get_mut(), other); //~ ERROR E0277
}
