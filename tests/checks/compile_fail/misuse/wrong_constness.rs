// Not a misuse of wdm: shows that tests/checks/declarations refuses a field whose type differs in constness alone.

declarations::structure! { RTL_QUERY_REGISTRY_TABLE: 0x38, 8 { Name: *const u16 } } //~ ERROR E0308
