//! The `caisson` binary: everything is in `cli`.

use std::process::ExitCode;

// Gives back what a crowd of clients took; the system's allocator keeps most of it.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    caisson::cli::main()
}
