//! The log as `caisson dev` tells it: a line for each thing that the adapter says, for what each request cost, and for what went wrong.
//! Of the rest, warnings. Nothing of it is for machines.

use std::fmt;
use std::io::Write;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// What guests say.
const GUEST: &str = "caisson::guest";
/// What requests came to.
const REQUEST: &str = "caisson::request";

/// Tells on standard output from now on.
pub fn start_telling() -> Result<(), String> {
    let shown =
        Targets::new().with_default(Level::WARN).with_target(GUEST, Level::INFO).with_target(REQUEST, Level::DEBUG);
    tracing_subscriber::registry().with(Told.with_filter(shown)).try_init().map_err(|error| error.to_string())
}

struct Told;

impl<S: Subscriber> Layer<S> for Told {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        let told = line.told(event.metadata().target(), *event.metadata().level());
        // Whoever doesn't read it any longer is no fault of the request's.
        let _ = writeln!(std::io::stdout(), "{told}");
    }
}

/// An event's parts.
#[derive(Default)]
struct Line {
    message: String,
    error: String,
    outcome: String,
    revision: String,
    fuel: u64,
    memory: u64,
    bytes_out: u64,
    bytes_in: u64,
    time_ms: u64,
}

impl Line {
    fn told(&self, target: &str, level: Level) -> String {
        let Self { message, error, .. } = self;
        match target {
            GUEST => format!("  says  {message}"),
            REQUEST if !self.outcome.is_empty() => format!(
                "  {:<4}  {} in {} ms: fuel {}, memory {} KiB, {} bytes out, {} bytes in",
                self.outcome,
                self.revision,
                self.time_ms,
                self.fuel,
                self.memory.div_ceil(1024),
                self.bytes_out,
                self.bytes_in,
            ),
            REQUEST => format!("  fault {message}"),
            _ if error.is_empty() => format!("{}: {message}", level.as_str().to_lowercase()),
            _ => format!("{}: {message}: {error}", level.as_str().to_lowercase()),
        }
    }
}

impl Visit for Line {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "fuel" => self.fuel = value,
            "memory" => self.memory = value,
            "bytes_out" => self.bytes_out = value,
            "bytes_in" => self.bytes_in = value,
            "time_ms" => self.time_ms = value,
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = || format!("{value:?}");
        match field.name() {
            "message" => self.message = text(),
            "error" => self.error = text(),
            "outcome" => self.outcome = text(),
            "revision" => self.revision = text(),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_is_a_line() {
        let receipt = Line {
            outcome: "ok".into(),
            revision: "parrot@2".into(),
            fuel: 12,
            memory: 2048,
            bytes_out: 3,
            bytes_in: 4,
            time_ms: 5,
            ..Line::default()
        };
        let expected = "  ok    parrot@2 in 5 ms: fuel 12, memory 2 KiB, 3 bytes out, 4 bytes in";
        assert_eq!(receipt.told(REQUEST, Level::DEBUG), expected);
        let said = Line { message: "hello".into(), ..Line::default() };
        assert_eq!(said.told(GUEST, Level::INFO), "  says  hello");
        assert_eq!(said.told(REQUEST, Level::DEBUG), "  fault hello");
        let warned = Line { message: "odd".into(), error: "none".into(), ..Line::default() };
        assert_eq!(warned.told("caisson::server", Level::WARN), "warn: odd: none");
    }
}
