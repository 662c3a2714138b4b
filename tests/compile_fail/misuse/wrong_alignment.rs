// Not a misuse of wdm: shows that tests/abi refuses an alignment that does not hold.

abi::structure! { DEVICE_OBJECT: 0x150, 8 } //~ ERROR E0080
