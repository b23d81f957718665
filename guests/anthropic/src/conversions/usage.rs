//! Token counts. Anthropic counts apart what came from the cache and what went into it;
//! OpenAI's prompt tokens are all of it, so the three are added up.

use std::collections::BTreeMap;

use caisson_sdk::api::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client::fields::Fields;

/// Counts so far. A stream reports them twice, the second time with running totals.
#[derive(Default)]
pub(super) struct Counts {
    input: u32,
    output: u32,
    cache_read: Option<u32>,
    cache_write: Option<u32>,
    thinking: Option<u32>,
    service_tier: Option<String>,
    extra: BTreeMap<String, String>,
}

impl Counts {
    pub(super) fn of(usage: Fields) -> Self {
        let mut counts = Self::default();
        counts.update(usage);
        counts
    }

    /// Fields that are absent or null leave what was known.
    pub(super) fn update(&mut self, usage: Fields) {
        for (name, value) in usage.filled() {
            match name.as_ref() {
                "input_tokens" => self.input = count(value).unwrap_or(self.input),
                "output_tokens" => self.output = count(value).unwrap_or(self.output),
                "cache_read_input_tokens" => self.cache_read = count(value).or(self.cache_read),
                "cache_creation_input_tokens" => self.cache_write = count(value).or(self.cache_write),
                "output_tokens_details" => self.thinking = thinking(value).or(self.thinking),
                "service_tier" => self.service_tier = read(value).or_else(|| self.service_tier.take()),
                _ => drop(self.extra.insert(name.into_owned(), value.get().to_owned())),
            }
        }
    }

    /// The tier in OpenAI's word, where it has one.
    pub(super) fn service_tier(&self) -> Option<String> {
        let tier = self.service_tier.as_deref()?;
        Some(if tier == "standard" { "default" } else { tier }.to_owned())
    }

    pub(super) fn into_usage(self) -> Usage {
        let input = [self.cache_read, self.cache_write].into_iter().flatten().fold(self.input, u32::saturating_add);
        Usage {
            input,
            output: self.output,
            total: input.saturating_add(self.output),
            cached_input: self.cache_read,
            cache_write_input: self.cache_write,
            reasoning_output: self.thinking,
            extra: self.extra.into_iter().collect(),
            ..Usage::default()
        }
    }
}

fn count(value: &RawValue) -> Option<u32> {
    read(value).map(saturated)
}

fn thinking(details: &RawValue) -> Option<u32> {
    #[derive(Deserialize)]
    struct OutputDetails {
        thinking_tokens: Option<u64>,
    }

    read::<OutputDetails>(details)?.thinking_tokens.map(saturated)
}

/// None where it is of another type.
fn read<'a, T: Deserialize<'a>>(value: &'a RawValue) -> Option<T> {
    serde_json::from_str(value.get()).ok()
}

fn saturated(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
