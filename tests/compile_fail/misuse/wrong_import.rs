// Not a misuse of wdm: shows that tests/abi refuses an import of what should be an inline function.

abi::inline! { KeSetEvent } //~ ERROR E0659
