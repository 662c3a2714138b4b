//! The command line of ntsim; see the library.

// A schedule that ends early is unwound.
#[cfg(panic = "abort")]
compile_error!(
    "ntsim needs a profile that unwinds: `cargo install --locked --profile host --path tests/ntsim`"
);

fn main() -> std::process::ExitCode {
    // Whoever reads the output may have seen enough.
    sigpipe::reset();
    ntsim::cli::main()
}
