//! What one sandbox has sent and received, held against its limits.
//!
//! Requests and bytes are counted over all of a sandbox's traffic together (invariant 4). The meter also remembers what was
//! refused, so that the client's error can say so whatever the guest makes of it.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::EgressError;

/// The caps on one sandbox's traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EgressLimits {
    /// Requests, all together.
    pub requests: u32,
    /// Body bytes sent, all together.
    pub bytes_out: u64,
    /// Body bytes received, all together.
    pub bytes_in: u64,
}

/// The counters of one sandbox. Shared by its requests' bodies, which may be polled by connection tasks.
#[derive(Debug)]
pub struct Meter {
    limits: EgressLimits,
    requests: AtomicU64,
    bytes_out: AtomicU64,
    bytes_in: AtomicU64,
    under_way: AtomicU32,
    over: AtomicBool,
    seen: Mutex<Seen>,
}

/// A request's place among those of its sandbox that are under way. Given back when it's dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<Meter>);

/// Requests of one sandbox that may be under way at one time, from sending to the last byte of the answer: each holds a connection.
const MAX_UNDER_WAY: u32 = 8;

#[derive(Debug, Default)]
struct Seen {
    hosts: Vec<String>,
    denial: Option<String>,
}

/// Which way a metered body flows.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    Out,
    In,
}

impl Meter {
    /// A meter at zero.
    pub fn new(limits: EgressLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            requests: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            bytes_in: AtomicU64::new(0),
            under_way: AtomicU32::new(0),
            over: AtomicBool::new(false),
            seen: Mutex::default(),
        })
    }

    /// Body bytes sent so far.
    pub fn bytes_out(&self) -> u64 {
        self.bytes_out.load(Ordering::Relaxed)
    }

    /// Body bytes received so far.
    pub fn bytes_in(&self) -> u64 {
        self.bytes_in.load(Ordering::Relaxed)
    }

    /// The origins that requests were sent to, each once.
    pub fn hosts(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).hosts.clone()
    }

    /// Why a request was refused, if one was: for the client, names the host and what the operator can do.
    pub fn denial(&self) -> Option<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).denial.clone()
    }

    /// Whether a cap was reached.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Counts a request, and lets it begin.
    pub(super) fn begin_request(self: &Arc<Self>) -> Result<Turn, EgressError> {
        if self.requests.fetch_add(1, Ordering::Relaxed) >= u64::from(self.limits.requests) {
            self.over.store(true, Ordering::Relaxed);
            return Err(EgressError::TooManyRequests { limit: self.limits.requests });
        }
        // Counted by the turn's drop again, also where it's one too many.
        let turn = Turn(Arc::clone(self));
        if self.under_way.fetch_add(1, Ordering::Relaxed) >= MAX_UNDER_WAY {
            self.over.store(true, Ordering::Relaxed);
            return Err(EgressError::TooManyAtOnce { limit: MAX_UNDER_WAY });
        }
        Ok(turn)
    }

    pub(super) fn note_host(&self, origin: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.hosts.iter().all(|host| host != origin) {
            seen.hosts.push(origin.to_owned());
        }
    }

    pub(super) fn note_denial(&self, reason: String) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).denial.get_or_insert(reason);
    }

    pub(super) fn count_bytes(&self, direction: Direction, bytes: usize) -> Result<(), EgressError> {
        let (counter, limit) = match direction {
            Direction::Out => (&self.bytes_out, self.limits.bytes_out),
            Direction::In => (&self.bytes_in, self.limits.bytes_in),
        };
        let bytes = bytes as u64;
        if counter.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= limit {
            return Ok(());
        }
        self.over.store(true, Ordering::Relaxed);
        Err(match direction {
            Direction::Out => EgressError::TooManyBytesOut { limit },
            Direction::In => EgressError::TooManyBytesIn { limit },
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
