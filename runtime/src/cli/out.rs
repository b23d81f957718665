//! What commands print: `println!`, `print!` and `eprintln!` of this module are those of all commands, in the standard library's place.
//!
//! The standard library's panic where nobody reads any longer, as in `caisson list | head -1`. Here that ends the process without a
//! word, as the signal SIGPIPE ends other tools. The signal itself stays off: it would also end a command whose server hangs up.

use std::fmt;
use std::io::{self, ErrorKind, Write};

/// What a shell calls the end by SIGPIPE: 128 and the signal's number.
const NOBODY_READS: i32 = 128 + 13;

macro_rules! print {
    ($($text:tt)*) => { $crate::cli::out::print(format_args!($($text)*)) };
}

macro_rules! println {
    () => { print!("\n") };
    ($($text:tt)*) => { print!("{}\n", format_args!($($text)*)) };
}

macro_rules! eprintln {
    ($($text:tt)*) => { $crate::cli::out::tell(format_args!("{}\n", format_args!($($text)*))) };
}

/// Prints to standard output, and ends the process where that can't be done: what else the command has to say can't be said either.
pub(super) fn print(text: fmt::Arguments<'_>) {
    let mut output = io::stdout().lock();
    let Err(error) = output.write_fmt(text).and_then(|()| output.flush()) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(NOBODY_READS);
    }
    tell(format_args!("error: can't write to standard output: {error}\n"));
    std::process::exit(1);
}

/// Prints to standard error. There is nowhere to say that nobody reads it.
pub(super) fn tell(text: fmt::Arguments<'_>) {
    let _ = io::stderr().write_fmt(text);
}
