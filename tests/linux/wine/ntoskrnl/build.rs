//! Hands the linker the forwards that wine-host has read from the installed Wine.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=WINE_HOST_FORWARDS");
    // Absent when somebody only checks the code; wine-host verifies what it installs.
    if let Ok(definition) = std::env::var("WINE_HOST_FORWARDS")
        && std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "windows")
    {
        println!("cargo::rerun-if-changed={definition}");
        println!("cargo::rustc-cdylib-link-arg={definition}");
    }
}
