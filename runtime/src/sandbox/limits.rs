//! The caps of one sandbox, and the accountant that holds memory and tables to them.
//!
//! Every cap is for the sandbox as a whole (invariant 4): wasmtime's own `StoreLimits` counts each memory by itself, so a guest
//! with many memories would get many times its share.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmtime::ResourceLimiter;

use crate::egress::EgressLimits;

/// What one request may use up, and how many may run at one time. A revision carries its own; these defaults suit a compiled adapter
/// ([`Language::limits`](super::Language::limits) has those of others).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Wasm instructions, roughly: one unit each for most, and what host functions charge.
    pub fuel: u64,
    /// All linear memories and tables together, in bytes.
    pub memory_bytes: u64,
    /// From the moment the request is admitted to the last byte of its answer, in milliseconds.
    pub timeout_ms: u64,
    /// Outgoing HTTP requests.
    pub egress_requests: u32,
    /// Bytes of outgoing bodies.
    pub egress_bytes_out: u64,
    /// Bytes of incoming bodies.
    pub egress_bytes_in: u64,
    /// Bytes of log that are kept; the rest is dropped.
    pub log_bytes: u64,
    /// Bytes of the answer as the client gets it, over all of a stream.
    pub answer_bytes: u64,
    /// Requests of the deployment that run at one time; further ones wait.
    pub concurrency: u32,
    /// Requests of the deployment that may wait for their turn; further ones get a 503 at once.
    pub queue: u32,
    /// How long a request may wait for its turn before it gets a 503, in milliseconds.
    pub queue_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 5_000_000_000,
            memory_bytes: 128 << 20,
            // What the official OpenAI SDKs wait by default.
            timeout_ms: 600_000,
            egress_requests: 16,
            egress_bytes_out: 64 << 20,
            egress_bytes_in: 256 << 20,
            log_bytes: 64 << 10,
            answer_bytes: 64 << 20,
            // Half the default pool: no deployment takes all of it from the others.
            concurrency: 500,
            queue: 100,
            // A client retries sooner than it waits longer than this.
            queue_ms: 5_000,
        }
    }
}

impl Limits {
    /// The most that `memory_bytes` can be: what a slot of the pool holds.
    pub const MAX_MEMORY_BYTES: u64 = 1 << 30;

    /// Refuses what could never work, naming the field.
    pub fn check(&self) -> Result<(), String> {
        let Self { fuel, memory_bytes, timeout_ms, concurrency, answer_bytes, .. } = self;
        if *fuel == 0 || *timeout_ms == 0 || *concurrency == 0 || *answer_bytes == 0 {
            return Err("`fuel`, `timeout-ms`, `concurrency` and `answer-bytes` must be greater than 0".into());
        }
        if !(64 << 10..=Self::MAX_MEMORY_BYTES).contains(memory_bytes) {
            return Err(format!("`memory-bytes` must be between {} and {}", 64 << 10, Self::MAX_MEMORY_BYTES));
        }
        Ok(())
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(super) fn egress(&self) -> EgressLimits {
        EgressLimits {
            requests: self.egress_requests,
            bytes_out: self.egress_bytes_out,
            bytes_in: self.egress_bytes_in,
        }
    }
}

/// Adds up what a guest's memories and tables take.
pub(super) struct Memory {
    limit: u64,
    used: u64,
    peak: u64,
    refused: bool,
}

/// Host bytes per table element.
const TABLE_ELEMENT_BYTES: u64 = 16;

impl Memory {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, used: 0, peak: 0, refused: false }
    }

    /// The most that was in use at one time, in bytes.
    pub(super) fn peak(&self) -> u64 {
        self.peak
    }

    /// Whether the guest asked for more than it may have.
    pub(super) fn was_refused(&self) -> bool {
        self.refused
    }

    fn grow(&mut self, by: u64) -> bool {
        let wanted = self.used.saturating_add(by);
        if wanted > self.limit {
            self.refused = true;
            return false;
        }
        self.used = wanted;
        self.peak = self.peak.max(wanted);
        true
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(fits(desired, maximum) && self.grow(desired.saturating_sub(current) as u64))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(fits(desired, maximum)
            && self.grow((desired.saturating_sub(current) as u64).saturating_mul(TABLE_ELEMENT_BYTES)))
    }
}

/// Whether wasmtime will grow it at all. What it won't must not be counted as used: it reports failed growth, but not of which request.
fn fits(desired: usize, maximum: Option<usize>) -> bool {
    maximum.is_none_or(|maximum| desired <= maximum)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "the limiter never fails")]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_share_one_limit() {
        let mut memory = Memory::new(1 << 20);
        assert!(memory.memory_growing(0, 512 << 10, None).unwrap());
        assert!(memory.memory_growing(0, 256 << 10, None).unwrap());
        assert!(memory.table_growing(0, 1024, None).unwrap());
        assert!(!memory.memory_growing(0, 512 << 10, None).unwrap());
        assert!(memory.was_refused());
        assert_eq!(memory.peak(), (768 << 10) + 16 * 1024);
    }

    #[test]
    fn growth_past_its_own_maximum_takes_nothing_of_the_limit() {
        let mut memory = Memory::new(1 << 20);
        for _ in 0..100 {
            assert!(!memory.table_growing(0, 1025, Some(1024)).unwrap());
            assert!(!memory.memory_growing(0, 128 << 10, Some(64 << 10)).unwrap());
        }
        assert!(memory.memory_growing(0, 1 << 20, None).unwrap());
        assert!(!memory.was_refused());
    }

    #[test]
    fn limits_that_could_never_work_are_refused() {
        assert!(Limits::default().check().is_ok());
        assert!(Limits { fuel: 0, ..Limits::default() }.check().is_err());
        assert!(Limits { memory_bytes: 1, ..Limits::default() }.check().is_err());
        assert!(Limits { memory_bytes: 2 << 30, ..Limits::default() }.check().is_err());
    }
}
