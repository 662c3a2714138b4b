// Not a misuse of wdm: shows that tests/checks/declarations refuses an alignment that does not hold.

declarations::structure! { DEVICE_OBJECT: 0x150, 8 } //~ ERROR E0080
