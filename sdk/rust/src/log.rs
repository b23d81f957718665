//! Lines in the guest's log, which is its standard error. Never log what a client wrote unless the operator
//! asked for it. There are no levels to filter by: the host limits and keeps what arrives.

use std::fmt::Display;

/// Something that helps to follow a request.
pub fn info(message: impl Display) {
    line("info", &message);
}

/// Something odd that the adapter got over.
pub fn warn(message: impl Display) {
    line("warn", &message);
}

/// Something that made the request fail.
pub fn error(message: impl Display) {
    line("error", &message);
}

fn line(level: &str, message: &dyn Display) {
    eprintln!("{}", format_line(level, &message.to_string()));
}

/// One call is one line, so that text from a provider can't pass for lines of its own.
fn format_line(level: &str, message: &str) -> String {
    let message = message.replace('\n', "\\n").replace('\r', "\\r");
    format!("{level}: {message}")
}

#[cfg(test)]
mod tests {
    use super::format_line;

    #[test]
    fn a_message_with_line_breaks_stays_one_line() {
        assert_eq!(format_line("warn", "a\nerror: b\r"), "warn: a\\nerror: b\\r");
    }
}
