//! The command line of ntsim; see the library.

fn main() -> std::process::ExitCode {
    // Whoever reads the output may have seen enough.
    sigpipe::reset();
    ntsim::cli::main()
}
