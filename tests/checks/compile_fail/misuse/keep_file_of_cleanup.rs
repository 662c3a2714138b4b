// Hole: as `keep_file.rs`. What `cleanup` is lent does not outlive it.

use core::pin::Pin;

use wdm::Device;

/// A place that lives longer.
pub struct Last<D: Device>(pub Option<Pin<&'static D::File>>);

/// Remembers the handle that was closed last.
pub fn cleanup<D: Device>(file: Pin<&D::File>, last: &mut Last<D>) {
    last.0 = Some(file); //~ ERROR an error without a code
}
