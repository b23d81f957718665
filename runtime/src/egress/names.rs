//! Turns names into addresses, for all egress of a process.
//!
//! The system's own resolver call blocks a thread for as long as a name server keeps it waiting, so whoever runs the server for a
//! granted `*.suffix` could hold every blocking thread of the process. Here a lookup is a future: it costs two sockets and ends when
//! nobody waits for it any more, which `connect` does for [`LOOKUP_TIME`] at most. The system's hosts file comes first, then its name servers
//! (or those of `dns-servers`) with its search list. Answers are kept for as long as they say, but no longer than [`MAX_AGE`].
//!
//! It judges no address: what may be dialled is `connect`'s to say, for each connection anew. It validates no DNSSEC: TLS proves
//! who answers.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup_ip::LookupIp;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{Hosts, TokioResolver};

/// How long a lookup is waited for, retries, search list and the lookups before it included.
pub(super) const LOOKUP_TIME: Duration = Duration::from_secs(5);
/// How long one name server may take. Two such times fit into [`LOOKUP_TIME`], so that a server that is silent about IPv6 alone
/// still gives its IPv4 addresses in time.
const SERVER_TIME: Duration = Duration::from_secs(2);
/// How long an answer is believed, whatever it says itself.
const MAX_AGE: Duration = Duration::from_secs(60);
/// Names whose answers are kept, and the addresses that one may have to be kept.
const MAX_KEPT: usize = 1024;
const MAX_KEPT_ADDRESSES: usize = 32;
/// Queries under way on one TCP connection to a name server: more than the lookups of many revisions, each of which is bounded.
const MAX_QUERIES: usize = 4096;

/// Where names are looked up. Clones share the connections and the answers that are kept.
#[derive(Clone)]
pub(super) struct Names(Arc<Inner>);

struct Inner {
    hosts: Hosts,
    resolver: Option<TokioResolver>,
    kept: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    addresses: Vec<IpAddr>,
    until: Instant,
}

/// Why a name has no address.
#[derive(Debug, thiserror::Error)]
pub(super) enum NameError {
    #[error("there is no such name")]
    Unknown,
    #[error("no name server answered in time")]
    TimedOut,
    #[error("the lookup failed")]
    Failed(#[source] NetError),
}

impl Names {
    /// Asks `servers`; none: the system's.
    pub(super) fn new(servers: &[SocketAddr]) -> Self {
        let (config, mut options) = if servers.is_empty() { of_the_system() } else { through(servers) };
        options.timeout = SERVER_TIME;
        options.attempts = 1;
        // IPv4 first: where one of the two leads nowhere, it's IPv6.
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.max_active_requests = MAX_QUERIES;
        // Both are here: an entry of the hosts file is all there is of a name, and what is kept is bounded by its size.
        options.use_hosts_file = ResolveHosts::Never;
        options.cache_size = 0;
        let built = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options);
        let resolver = built.build().inspect_err(|error| tracing::warn!(%error, "names can't be looked up")).ok();
        let hosts = Hosts::from_system().unwrap_or_default();
        Self(Arc::new(Inner { hosts, resolver, kept: Mutex::default() }))
    }

    /// Knows no name but `localhost`, which is this machine by definition (RFC 6761).
    pub(super) fn none() -> Self {
        Self(Arc::new(Inner { hosts: Hosts::default(), resolver: None, kept: Mutex::default() }))
    }

    /// The addresses of a name in the normal form of a grant; at least one.
    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, NameError> {
        let query = Name::from_ascii(name).map_err(|_| NameError::Unknown)?;
        let listed = self.listed(&query);
        if !listed.is_empty() {
            return Ok(listed);
        }
        if let Some(kept) = self.kept(name) {
            return Ok(kept);
        }
        if name == "localhost" || name.ends_with(".localhost") {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let resolver = self.0.resolver.as_ref().ok_or(NameError::Unknown)?;
        let found = resolver.lookup_ip(query).await.map_err(NameError::from)?;
        let addresses: Vec<IpAddr> = found.iter().collect();
        if addresses.is_empty() {
            return Err(NameError::Unknown);
        }
        self.keep(name, &addresses, &found);
        Ok(addresses)
    }

    /// What the hosts file says.
    fn listed(&self, name: &Name) -> Vec<IpAddr> {
        let of = |kind| self.0.hosts.lookup_static_host(&Query::query(name.clone(), kind)).map(LookupIp::from);
        [RecordType::A, RecordType::AAAA].into_iter().filter_map(of).flatten().collect()
    }

    fn kept(&self, name: &str) -> Option<Vec<IpAddr>> {
        let kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(name).filter(|kept| kept.until > Instant::now()).map(|kept| kept.addresses.clone())
    }

    fn keep(&self, name: &str, addresses: &[IpAddr], found: &LookupIp) {
        let now = Instant::now();
        let until = found.valid_until().min(now + MAX_AGE);
        if until <= now || addresses.len() > MAX_KEPT_ADDRESSES {
            return;
        }
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.retain(|_, kept| kept.until > now);
        }
        // Where a flood of names has filled it, further ones are looked up each time until some are too old.
        if kept.len() < MAX_KEPT || kept.contains_key(name) {
            kept.insert(name.to_owned(), Kept { addresses: addresses.to_vec(), until });
        }
    }
}

fn of_the_system() -> (ResolverConfig, ResolverOpts) {
    hickory_resolver::system_conf::read_system_conf().unwrap_or_else(|error| {
        tracing::warn!(%error, "the system has no name servers: only names in its hosts file are known; `dns-servers` in caisson.toml sets some");
        (ResolverConfig::from_name_servers(Vec::new()), ResolverOpts::default())
    })
}

fn through(servers: &[SocketAddr]) -> (ResolverConfig, ResolverOpts) {
    let server = |address: &SocketAddr| {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
            connection.port = address.port();
            connection
        });
        NameServerConfig::new(address.ip(), true, connections.into())
    };
    (ResolverConfig::from_name_servers(servers.iter().map(server).collect()), ResolverOpts::default())
}

impl From<NetError> for NameError {
    fn from(error: NetError) -> Self {
        match error {
            NetError::Timeout => Self::TimedOut,
            error if error.is_no_records_found() => Self::Unknown,
            error => Self::Failed(error),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step is the failure the test looks for")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn localhost_is_this_machine_whoever_is_asked() {
        for name in ["localhost", "a.localhost"] {
            let addresses = Names::none().addresses(name).await.unwrap();
            assert!(addresses.iter().all(IpAddr::is_loopback), "{name}: {addresses:?}");
        }
    }

    #[tokio::test]
    async fn what_is_no_name_is_unknown() {
        let long = format!("{}.test", "x".repeat(64));
        for name in [long.as_str(), "unknown.test", &"a.".repeat(200)] {
            assert!(matches!(Names::none().addresses(name).await, Err(NameError::Unknown)), "{name}");
        }
    }
}
