//! Hands the linker what a kernel-mode image needs. All drivers here share it.

fn main() -> Result<(), wdk_build::ConfigError> {
    // The kernel's loader checks the image checksum, which lld-link writes only when asked.
    println!("cargo::rustc-cdylib-link-arg=/RELEASE");
    // The same sources give the same image.
    println!("cargo::rustc-cdylib-link-arg=/Brepro");
    wdk_build::configure_wdk_binary_build()
}
