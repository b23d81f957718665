//! What a server takes at one moment, by its own metrics: descriptors, connections, sandboxes, memory.

use std::time::Duration;

use crate::{Caisson, soon};

/// Between two looks at what is to come back.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What a server takes, the looking itself included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    pub descriptors: u64,
    pub connections: u64,
    pub sandboxes: u64,
    pub resident_bytes: u64,
}

impl Caisson {
    /// One of its metrics, without labels.
    pub async fn metric(&self, name: &str) -> u64 {
        let text = self.get("/metrics").await.text();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
        value.unwrap_or_else(|| panic!("no {name} in:\n{text}"))
    }

    pub async fn level(&self) -> Level {
        Level {
            descriptors: self.metric("process_open_fds").await,
            connections: self.metric("caisson_connections").await,
            sandboxes: self.metric("caisson_sandboxes").await,
            resident_bytes: self.metric("process_resident_memory_bytes").await,
        }
    }

    /// Waits until it takes no more than it did `before`, but for this much memory, which allocators keep.
    pub async fn returns_to(&self, before: Level, margin_bytes: u64) {
        let back = async {
            loop {
                let now = self.level().await;
                // The connection of the look before may not be gone.
                let is_back = now.descriptors <= before.descriptors + 1
                    && now.connections <= before.connections + 1
                    && now.sandboxes <= before.sandboxes
                    && now.resident_bytes <= before.resident_bytes + margin_bytes;
                if is_back {
                    return;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(60), back).await.is_err() {
            panic!("{before:?} was, and a minute after all left {:?} is", self.level().await);
        }
    }

    /// Waits until no request has a sandbox.
    pub async fn has_no_sandbox(&self) {
        self.shows("caisson_sandboxes", |sandboxes| sandboxes == 0).await;
    }

    /// Waits until clients' bodies take this much memory.
    pub async fn buffers(&self, bytes: u64) {
        self.shows("caisson_buffered_bytes", |buffered| buffered >= bytes).await;
    }

    async fn shows(&self, metric: &str, wanted: impl Fn(u64) -> bool) {
        let come = async {
            while !wanted(self.metric(metric).await) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        soon(&format!("another {metric}"), come).await;
    }
}
