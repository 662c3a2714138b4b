//! The command line; see the library.

fn main() -> std::process::ExitCode {
    // Whoever reads the output may have seen enough.
    sigpipe::reset();
    exploration::cli::main()
}
