//! The connections of one revision that wait for another request.
//!
//! Nothing drives a connection that waits, so whether its upstream has closed it is seen when it's taken, and otherwise at the next
//! sweep. It opens none and sends nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use hyper::client::conn::http2;
use tokio::time::Instant;

use super::client::{Connection, Route, Upload};
use super::grant::Target;

/// How long a connection is kept.
const IDLE: Duration = Duration::from_secs(60);
/// Connections to one host that are kept. Further ones are closed after their answer.
const MAX_PER_HOST: usize = 64;
/// How often those that are closed, or were kept for long enough, are let go.
const SWEEP: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Pool(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    hosts: HashMap<Target, Host>,
    is_swept: bool,
}

#[derive(Default)]
struct Host {
    /// The one used last comes last.
    idle: Vec<Idle>,
    shared: Option<Shared>,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

struct Shared {
    sender: http2::SendRequest<Upload>,
    used: Instant,
}

impl Pool {
    /// A connection to that target, if one is kept.
    pub(super) fn take(&self, target: &Target) -> Option<Route> {
        loop {
            let mut idle = {
                let mut kept = self.kept();
                let host = kept.hosts.get_mut(target)?;
                if let Some(shared) = host.shared.as_mut().filter(|shared| !shared.sender.is_closed()) {
                    shared.used = Instant::now();
                    return Some(Route::Shared(shared.sender.clone()));
                }
                host.idle.pop()?
            };
            if idle.connection.is_idle() {
                return Some(Route::Driven(idle.connection));
            }
        }
    }

    /// Keeps a connection that is idle.
    pub(super) fn keep(&self, target: &Target, connection: Connection) {
        let mut kept = self.kept();
        let idle = &mut kept.hosts.entry(target.clone()).or_default().idle;
        if idle.len() < MAX_PER_HOST {
            idle.push(Idle { connection, since: Instant::now() });
        }
    }

    /// Has later requests share a connection, unless they share another already.
    pub(super) fn share(&self, target: &Target, sender: &http2::SendRequest<Upload>) {
        let mut kept = self.kept();
        let shared = &mut kept.hosts.entry(target.clone()).or_default().shared;
        if shared.as_ref().is_none_or(|shared| shared.sender.is_closed()) {
            *shared = Some(Shared { sender: sender.clone(), used: Instant::now() });
        }
    }

    /// Has the pool swept while a connection is kept, or a request under way. To be called when a connection is made.
    pub(super) fn have_swept(self: &Arc<Self>) {
        if !std::mem::replace(&mut self.kept().is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Lets go what isn't worth keeping. Connections of HTTP/2 end with the last request that shares them.
    fn sweep(&mut self, now: Instant) {
        let is_recent = |since: Instant| now.duration_since(since) < IDLE;
        self.hosts.retain(|_, host| {
            host.idle.retain_mut(|idle| is_recent(idle.since) && idle.connection.is_idle());
            host.shared.take_if(|shared| shared.sender.is_closed() || !is_recent(shared.used));
            !host.idle.is_empty() || host.shared.is_some()
        });
    }
}

/// Sweeps for as long as a connection is kept, or may yet be.
async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut kept = pool.kept();
        kept.sweep(Instant::now());
        // The client holds it as well, and so does each request that is under way.
        if kept.hosts.is_empty() && Arc::strong_count(&pool) <= 2 {
            kept.is_swept = false;
            return;
        }
    }
}
