// Not a misuse of wdm: shows that an assertion of tests/checks/declarations which does not hold is an error.

declarations::documented! { //~ ERROR E0080
    IRP { AssociatedIrp: 0x20 }
}
