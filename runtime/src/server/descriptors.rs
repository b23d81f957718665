//! File descriptors: as many as the system lets us have, and how many of them clients may take.
//!
//! Each client holds one, each upstream connection another. Those of sandboxes are set aside, so that a crowd of clients can't keep
//! adapters from their providers.

/// For the database, the log, the listeners, the compiler's process.
const OWN: u64 = 256;
/// For each sandbox: connections to its provider.
const PER_SANDBOX: u64 = 2;

/// Raises this process's limit as far as it may, and tells what it is; none where the system has no such limit.
pub(super) fn raise_limit() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
            tracing::debug!(%error, "the limit on open files stays as it is");
        }
        getrlimit(Resource::Nofile).current
    }
    #[cfg(not(unix))]
    None
}

/// How many connections there may be of those that are wanted: at least half of the descriptors, at most all that nothing else needs.
pub(super) fn connections(wanted: usize, limit: Option<u64>, sandboxes: u32) -> usize {
    let Some(limit) = limit else { return wanted };
    let others = OWN + PER_SANDBOX * u64::from(sandboxes);
    let fit = usize::try_from(limit.saturating_sub(others).max(limit / 2)).unwrap_or(usize::MAX);
    if fit < wanted {
        tracing::warn!(
            open_files = limit,
            connections = fit,
            "the limit on open files leaves room for fewer connections than `max-connections`; raise it (ulimit -n)"
        );
    }
    wanted.min(fit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_leave_descriptors_to_sandboxes() {
        assert_eq!(connections(16_384, None, 1000), 16_384);
        assert_eq!(connections(16_384, Some(20_000), 1000), 16_384);
        assert_eq!(connections(16_384, Some(8192), 1000), 8192 - 2256);
        // However few there are, clients get half.
        assert_eq!(connections(16_384, Some(1024), 1000), 512);
        assert_eq!(connections(100, Some(1024), 1000), 100);
    }

    #[cfg(unix)]
    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        use rustix::process::{Resource, getrlimit};
        assert_eq!(raise_limit(), getrlimit(Resource::Nofile).maximum);
    }
}
