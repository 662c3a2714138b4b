//! Hands the linker what a kernel-mode image needs.

fn main() -> Result<(), wdk_build::ConfigError> {
    // The kernel's loader checks the image checksum. link.exe writes it for every /DRIVER image,
    // lld-link only when asked.
    println!("cargo::rustc-cdylib-link-arg=/RELEASE");
    wdk_build::configure_wdk_binary_build()
}
