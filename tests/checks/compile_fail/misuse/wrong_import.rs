// Not a misuse of wdm: shows that tests/checks/declarations refuses an import of what should be an inline function.

declarations::inline! { KeSetEvent } //~ ERROR E0659
