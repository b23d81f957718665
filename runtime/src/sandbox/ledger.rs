//! What is known of a sandbox without looking into its Store: a call in the slow lane takes the Store along, and may be out of reach
//! when its time is over. Exact whenever a call ends, and otherwise as of the last tick of the epoch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;
use wasmtime::AsContext;

use super::lanes::Pace;
use super::state::State;
use super::{Failure, Fault, Limits, Receipt};
use crate::chat;
use crate::egress::Meter;

pub(super) struct Ledger {
    began: Instant,
    pub(super) deadline: Instant,
    /// At the beginning.
    fuel: u64,
    fuel_left: AtomicU64,
    /// Bytes, the most at one time.
    memory: AtomicU64,
    pub(super) meter: Arc<Meter>,
    pub(super) pace: Pace,
}

impl Ledger {
    /// Of a sandbox that begins now.
    pub(super) fn begin(limits: &Limits) -> Arc<Self> {
        let began = Instant::now();
        Arc::new(Self {
            began,
            deadline: began + limits.timeout(),
            fuel: limits.fuel,
            fuel_left: AtomicU64::new(limits.fuel),
            memory: AtomicU64::new(0),
            meter: Meter::new(limits.egress()),
            pace: Pace::new(),
        })
    }

    /// Takes down what the sandbox has used.
    pub(super) fn look(&self, store: impl AsContext<Data = State>) {
        let store = store.as_context();
        self.fuel_left.store(store.get_fuel().unwrap_or(0), Ordering::Relaxed);
        self.memory.store(store.data().memory.peak(), Ordering::Relaxed);
    }

    /// What the sandbox had cost when it was last looked at.
    pub(super) fn receipt(&self) -> Receipt {
        Receipt {
            fuel: self.fuel.saturating_sub(self.fuel_left.load(Ordering::Relaxed)),
            memory: self.memory.load(Ordering::Relaxed),
            bytes_out: self.meter.bytes_out(),
            bytes_in: self.meter.bytes_in(),
            hosts: self.meter.hosts(),
            time: self.began.elapsed(),
        }
    }

    /// The adapter's own error, unless the host knows better why it failed.
    pub(super) fn refused(&self, error: chat::Error) -> Failure {
        self.failure(match self.meter.denial() {
            // With a status, it's a provider that said no, whatever else was refused before.
            _ if error.status.is_some() => Fault::Adapter(Box::new(error)),
            Some(reason) => Fault::EgressDenied(reason),
            None if self.meter.is_over() => Fault::EgressExhausted,
            None => Fault::Adapter(Box::new(error)),
        })
    }

    /// A fault, and what the sandbox had cost when it was last looked at.
    pub(super) fn failure(&self, fault: Fault) -> Failure {
        Failure { fault, receipt: self.receipt() }
    }
}
