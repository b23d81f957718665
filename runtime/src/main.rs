//! The `caisson` binary: everything is in `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    caisson::cli::main()
}
