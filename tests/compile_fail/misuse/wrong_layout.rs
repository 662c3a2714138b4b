// Not a misuse of wdm: shows that an assertion of tests/abi which does not hold is an error.

abi::documented! { //~ ERROR E0080
    IRP { AssociatedIrp: 0x20 }
}
