//! The command line of ntsim; see the library.

fn main() -> std::process::ExitCode {
    ntsim::cli::main()
}
