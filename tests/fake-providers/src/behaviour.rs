//! Model names that choose a behaviour; the crate's documentation lists them for people.

use std::time::Duration;

/// The time between two tokens of the model `slow`.
pub(crate) const SLOW: Duration = Duration::from_millis(20);

/// What a model name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// A model that answers at once.
    Plain,
    /// `fault-NNN`: the provider's error for this status.
    Fault(u16),
    /// `fault-midstream`
    MidstreamFault,
    /// `fault-cut`
    Cut,
    /// `slow`
    Slow,
    /// `endless`
    Endless,
    /// `filtered`
    Filtered,
    /// `refused`
    Refused,
    /// `redacted`
    Redacted,
    /// `parallel`
    Parallel,
    /// `leak`
    Leak,
    /// `missing…`: the provider has no such model.
    Missing,
}

impl Behaviour {
    pub(crate) fn of(model: &str) -> Behaviour {
        // Some adapters send on no other names than their provider's.
        let family = ["claude-", "gemini-"].iter().find_map(|family| model.strip_prefix(family));
        match family.unwrap_or(model) {
            "fault-midstream" => Behaviour::MidstreamFault,
            "fault-cut" => Behaviour::Cut,
            "slow" => Behaviour::Slow,
            "endless" => Behaviour::Endless,
            "filtered" => Behaviour::Filtered,
            "refused" => Behaviour::Refused,
            "redacted" => Behaviour::Redacted,
            "parallel" => Behaviour::Parallel,
            "leak" => Behaviour::Leak,
            model if model.starts_with("missing") => Behaviour::Missing,
            model => model
                .strip_prefix("fault-")
                .and_then(|status| status.parse().ok())
                .filter(|status| (400..600).contains(status))
                .map_or(Behaviour::Plain, Behaviour::Fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_listed_names_misbehave() {
        for (model, behaviour) in [
            ("fault-429", Behaviour::Fault(429)),
            ("claude-fault-429", Behaviour::Fault(429)),
            ("gemini-endless", Behaviour::Endless),
            ("gemini-3.5-flash", Behaviour::Plain),
            ("fault-200", Behaviour::Plain),
            ("fault-", Behaviour::Plain),
            ("fault-midstream", Behaviour::MidstreamFault),
            ("slow", Behaviour::Slow),
            ("slower", Behaviour::Plain),
            ("missing-model", Behaviour::Missing),
            ("gpt-4o", Behaviour::Plain),
        ] {
            assert_eq!(Behaviour::of(model), behaviour, "{model}");
        }
    }
}
