//! What a driver of somebody else needs beside the tree to be built on Linux: the scripts that this
//! project is built with, and a cargo configuration that names them.

use crate::tree::Tree;

/// The directory, in the driver's.
pub const DIRECTORY: &str = "linux-wdk";

/// The cargo configuration. Its paths are relative to the driver's directory: that is cargo's rule for
/// `--config`.
const CONFIGURATION: &str = r#"# Builds this driver on a Linux host:
#
#   cargo build --release --config linux-wdk/cargo.toml --target x86_64-pc-windows-msvc
#
# Written by tests/linux/sysroot of the project csq; it can be made anew at any time, and need not be
# kept under version control.

[build]
# Lets wdk-build, which asks for a Windows host, run on this one.
rustc-wrapper = "linux-wdk/rustc.sh"

[target.x86_64-pc-windows-msvc]
linker = "linux-wdk/lld-link.sh"

[env]
WDKContentRoot = { value = "linux-wdk", relative = true }
# What build scripts take for Microsoft's resource compiler.
RC_PATH = { value = "linux-wdk/bin/rc", relative = true }
LINUX_WDK_DRIVER = { value = ".", relative = true }
"#;

/// Flags of rustc, one a line: a C runtime that is linked in, as wdk-build demands; Control Flow Guard, and the load
/// configuration that it needs; a checksum, which the kernel's loader wants and link.exe writes without being asked.
/// The file rustc.sh hands them on.
const FLAGS: &str = "\
-Ctarget-feature=+crt-static
-Ccontrol-flow-guard
-Clink-arg=load_config.obj
-Clink-arg=/RELEASE
-Clink-arg=/Brepro
";

/// Adds all that to `tree`.
pub fn add(tree: &mut Tree) {
    let files = [
        ("rustc.sh", include_str!("../../rustc.sh")),
        ("lld-link.sh", include_str!("../../lld-link.sh")),
        ("host_std/std.rs", include_str!("../../host_std/std.rs")),
        ("bin/rc", include_str!("../../rc.sh")),
        ("rustflags", FLAGS),
        ("cargo.toml", CONFIGURATION),
    ];
    for (path, content) in files {
        tree.add(
            path.into(),
            content.as_bytes().to_vec(),
            "the project csq, tests/linux".to_owned(),
        );
    }
}
