//! The checksum of a PE image, which the kernel's loader compares for every driver.

/// Where the checksum stands in a 64-bit image's headers, from the `PE\0\0` signature on.
const OFFSET: usize = 4 + 20 + 64;

/// The offset in the file of the checksum's four bytes; `None` if the headers are cut off.
#[must_use]
pub fn offset(image: &[u8]) -> Option<usize> {
    let signature = u32::from_le_bytes(image.get(0x3c..0x40)?.try_into().ok()?);
    let offset = usize::try_from(signature).ok()?.checked_add(OFFSET)?;
    image.get(offset..offset.checked_add(4)?)?;
    Some(offset)
}

/// The checksum an image ought to have: the sum of its 16-bit words with the carries added back,
/// the stored checksum counting as zero, plus the file's length. `None` as for [`offset`].
#[must_use]
pub fn compute(image: &[u8]) -> Option<u32> {
    let stored = offset(image)?;
    let sum = image
        .chunks(2)
        .enumerate()
        .fold(0_u32, |sum, (index, word)| {
            if (stored..stored + 4).contains(&(index * 2)) {
                return sum;
            }
            let low = word.first().copied().unwrap_or(0);
            let high = word.get(1).copied().unwrap_or(0);
            let sum = sum + u32::from(u16::from_le_bytes([low, high]));
            (sum & 0xffff) + (sum >> 16)
        });
    sum.checked_add(u32::try_from(image.len()).ok()?)
}
