//! Logs and metrics. Label values come from the operator (deployment names) or from fixed sets, so a client can't make series.

#[cfg(target_os = "linux")]
mod process;
mod told;

use std::io::IsTerminal;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tracing_subscriber::EnvFilter;

pub use told::start_telling;

/// The counters that `GET /metrics` shows, in OpenMetrics text.
pub struct Metrics {
    registry: Registry,
    requests: Family<Outcome, Counter>,
    durations: Family<OfDeployment, Histogram, fn() -> Histogram>,
    fuel: Family<OfDeployment, Counter>,
    bytes_out: Family<OfDeployment, Counter>,
    bytes_in: Family<OfDeployment, Counter>,
    tokens: Family<Counted, Counter>,
    /// Sandboxes in use now.
    pub sandboxes: Gauge<i64, AtomicI64>,
    /// Clients' connections open now.
    pub connections: Gauge<i64, AtomicI64>,
    /// Bytes set aside for clients' bodies now.
    pub buffered: Gauge<i64, AtomicI64>,
}

/// What one finished request adds to the counters.
pub struct Finished<'a> {
    /// The deployment that answered.
    pub deployment: &'a str,
    /// `ok`, or the error's code.
    pub outcome: &'static str,
    /// Fuel used.
    pub fuel: u64,
    /// Body bytes sent upstream.
    pub bytes_out: u64,
    /// Body bytes received from upstream.
    pub bytes_in: u64,
    /// Tokens, as far as they are known.
    pub tokens: Tokens,
    /// From admission to the last byte.
    pub time: Duration,
}

/// Tokens of one request, as the provider counted them or the host estimates them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Of the prompt.
    pub input: u32,
    /// Of the answer.
    pub output: u32,
    /// Whether the counts are the host's estimate.
    pub estimated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Counted {
    deployment: String,
    direction: &'static str,
    source: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    deployment: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfDeployment {
    deployment: String,
}

/// Sends log events to standard error, as text or as one JSON object a line. `filter` is in tracing's syntax (`info,caisson=debug`).
pub fn start_logging(filter: &str, json: bool) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("the log filter `{filter}` is wrong: {error}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Colours are for people: in a file they are noise.
    let builder = if std::io::stderr().is_terminal() { builder } else { builder.with_ansi(false) };
    let started = if json { builder.json().try_init() } else { builder.try_init() };
    started.map_err(|error| error.to_string())
}

impl Metrics {
    /// Counters at zero.
    pub fn new() -> Self {
        // An LLM answer takes from milliseconds (an embedding, a cache) to minutes (reasoning).
        let buckets: fn() -> Histogram =
            || Histogram::new([0.005, 0.02, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0]);
        let mut metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            durations: Family::new_with_constructor(buckets),
            fuel: Family::default(),
            bytes_out: Family::default(),
            bytes_in: Family::default(),
            tokens: Family::default(),
            sandboxes: Gauge::default(),
            connections: Gauge::default(),
            buffered: Gauge::default(),
        };
        #[cfg(target_os = "linux")]
        metrics.registry.register_collector(Box::new(process::Process));
        let registry = metrics.registry.sub_registry_with_prefix("caisson");
        registry.register("requests", "Requests finished, by deployment and outcome", metrics.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "From admission to the last byte",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        registry.register("fuel", "Fuel used by guests", metrics.fuel.clone());
        registry.register_with_unit("egress_out", "Body bytes sent upstream", Unit::Bytes, metrics.bytes_out.clone());
        registry.register_with_unit(
            "egress_in",
            "Body bytes received from upstream",
            Unit::Bytes,
            metrics.bytes_in.clone(),
        );
        registry.register("tokens", "Tokens of prompts (input) and answers (output)", metrics.tokens.clone());
        registry.register("sandboxes", "Sandboxes in use", metrics.sandboxes.clone());
        registry.register("connections", "Clients' connections that are open", metrics.connections.clone());
        let help = "Memory set aside for the bodies of clients' requests";
        registry.register_with_unit("buffered", help, Unit::Bytes, metrics.buffered.clone());
        metrics
    }

    /// Counts one finished request.
    pub fn count(&self, finished: &Finished<'_>) {
        let of = OfDeployment { deployment: finished.deployment.to_owned() };
        self.requests.get_or_create(&Outcome { deployment: of.deployment.clone(), outcome: finished.outcome }).inc();
        self.durations.get_or_create(&of).observe(finished.time.as_secs_f64());
        self.fuel.get_or_create(&of).inc_by(finished.fuel);
        self.bytes_out.get_or_create(&of).inc_by(finished.bytes_out);
        self.bytes_in.get_or_create(&of).inc_by(finished.bytes_in);
        let Tokens { input, output, estimated } = finished.tokens;
        let source = if estimated { "estimate" } else { "provider" };
        for (direction, count) in [("input", input), ("output", output)] {
            let counted = Counted { deployment: of.deployment.clone(), direction, source };
            self.tokens.get_or_create(&counted).inc_by(u64::from(count));
        }
    }

    /// OpenMetrics text.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a String can't fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a character changes what the reader of a line takes it for: control characters, line and paragraph separators, and those
/// that turn the direction of what follows (CVE-2021-42574). Others' words are written with these escaped.
pub(crate) fn misleads(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_a_line_steers_a_terminal_or_turns_the_text_around_misleads() {
        let odd = "\n\r\t\u{0}\u{1b}\u{7f}\u{85}\u{9b}\u{200e}\u{2028}\u{2029}\u{202e}\u{2066}\u{2069}";
        assert!(odd.chars().all(misleads));
        assert!(!"a é 中 עברית \u{200d}👩".chars().any(misleads));
    }
}
