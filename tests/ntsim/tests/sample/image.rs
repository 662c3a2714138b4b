//! A driver of a few instructions, for tests that need an image and nothing in it.

/// The smallest image the loader takes: headers, one section with code, native subsystem.
pub fn driver() -> Vec<u8> {
    /// Offset of the PE header, whose own offset in the file has 64 bits of room.
    const PE: usize = 0x80;
    const SECTIONS: usize = PE + 24 + 240;
    let mut bytes = vec![0u8; 0x600];
    let mut put = |offset: usize, value: &[u8]| {
        let place = bytes.get_mut(offset..offset + value.len());
        place.expect("inside the file").copy_from_slice(value);
    };
    put(0, b"MZ");
    put(0x3c, &PE.to_le_bytes());
    put(PE, b"PE\0\0");
    put(PE + 4, &0x8664u16.to_le_bytes());
    put(PE + 6, &1u16.to_le_bytes());
    put(PE + 20, &240u16.to_le_bytes());
    put(PE + 22, &0x22u16.to_le_bytes());
    let optional = PE + 24;
    put(optional, &0x20bu16.to_le_bytes());
    put(optional + 16, &0x1000u32.to_le_bytes());
    put(optional + 24, &0x1_4000_0000u64.to_le_bytes());
    put(optional + 32, &0x1000u32.to_le_bytes());
    put(optional + 36, &0x200u32.to_le_bytes());
    put(optional + 56, &0x2000u32.to_le_bytes());
    put(optional + 60, &0x400u32.to_le_bytes());
    put(optional + 68, &1u16.to_le_bytes());
    put(optional + 108, &16u32.to_le_bytes());
    put(SECTIONS, b".text\0\0\0");
    put(SECTIONS + 8, &0x10u32.to_le_bytes());
    put(SECTIONS + 12, &0x1000u32.to_le_bytes());
    put(SECTIONS + 16, &0x200u32.to_le_bytes());
    put(SECTIONS + 20, &0x400u32.to_le_bytes());
    put(SECTIONS + 36, &0x6000_0020u32.to_le_bytes());
    // mov eax, 0C0000001h; ret: DriverEntry fails.
    put(0x400, &[0xb8, 0x01, 0x00, 0x00, 0xc0, 0xc3]);
    // jmp $: a routine without an end, 6 bytes behind it.
    put(0x406, &[0xeb, 0xfe]);
    bytes
}
