//! Gives csqctl.exe its version resource. `cargo make test binary` checks it.

use std::{env, io};

use winresource::WindowsResource;

/// English as spoken in the United States, which Windows falls back to.
const ENGLISH: u16 = 0x0409;

fn main() -> io::Result<()> {
    // The library and the tests of the command line are compiled for Linux hosts, too.
    if env::var_os("CARGO_CFG_TARGET_OS").is_none_or(|system| system != "windows") {
        return Ok(());
    }
    // The version is the package's.
    WindowsResource::new()
        .set_language(ENGLISH)
        .set("ProductName", "csq")
        .set(
            "FileDescription",
            "csqctl: installs, uses and checks csq.sys",
        )
        .set("InternalName", "csqctl")
        .set("OriginalFilename", "csqctl.exe")
        .compile_for("csqctl")
}
