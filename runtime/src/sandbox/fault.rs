//! Why a sandbox gave no answer, told apart once and here: the adapter refused, the guest faulted, a limit was reached.

use wasmtime::{PoolConcurrencyLimitError, Trap};

use super::Receipt;
use super::http::FIELDS_TOO_LARGE;
use crate::chat;

/// A call that gave no answer, and what it cost.
#[derive(Debug)]
pub struct Failure {
    /// What happened.
    pub fault: Fault,
    /// What was used up before it did.
    pub receipt: Receipt,
}

/// What went wrong in a sandbox. None of these is a fault of the host (invariant 8), and after each the next request finds a
/// fresh sandbox.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The adapter answered with an error of its own or its provider's.
    #[error("the adapter reports: {}", .0.message)]
    Adapter(Box<chat::Error>),
    /// The adapter answered with an error after its egress was refused; the text says what and why.
    #[error("{0}")]
    EgressDenied(String),
    /// The adapter answered with an error after it reached its egress limits.
    #[error("the adapter reached its egress limits (requests, bytes out or bytes in)")]
    EgressExhausted,
    /// The guest did what Wasm forbids, or gave up.
    #[error("the adapter trapped: {0}")]
    Trap(String),
    /// The component's exports have another shape than the world's.
    #[error("the component doesn't fit its world: {0}")]
    Misfit(String),
    /// All fuel was used.
    #[error("the adapter used up its fuel")]
    Fuel,
    /// The guest trapped after it was refused memory.
    #[error("the adapter ran out of memory")]
    Memory,
    /// The deadline passed.
    #[error("the adapter gave no answer before its deadline")]
    Deadline,
    /// No slot is free in the pool.
    #[error("all sandboxes are in use")]
    Full,
}

/// What an error at instantiation means: exports are checked against the world only there.
pub(super) fn classify_entry(error: &wasmtime::Error, memory_refused: bool) -> Fault {
    if error.chain().any(is_of_the_system) {
        return Fault::Full;
    }
    match classify(error, memory_refused) {
        Fault::Trap(_) if !error.is::<Trap>() => Fault::Misfit(format!("{error:#}")),
        fault => fault,
    }
}

/// What wasmtime's error means. `memory_refused`: whether the guest had asked for more memory than it may have.
pub(super) fn classify(error: &wasmtime::Error, memory_refused: bool) -> Fault {
    if error.is::<PoolConcurrencyLimitError>() {
        return Fault::Full;
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Fault::Fuel,
        _ if memory_refused => Fault::Memory,
        Some(Trap::AsyncDeadlock) => Fault::Trap(STUCK.to_owned()),
        Some(trap) => Fault::Trap(trap.to_string().trim_start_matches("wasm trap: ").to_owned()),
        None => Fault::Trap(in_our_words(error.root_cause().to_string())),
    }
}

/// Whether the kernel gave no memory or no mapping: nothing that the guest did.
fn is_of_the_system(cause: &(dyn std::error::Error + 'static)) -> bool {
    #[cfg(unix)]
    if cause.is::<rustix::io::Errno>() {
        return true;
    }
    cause.is::<std::io::Error>()
}

/// Of the world `adapter-async`.
const STUCK: &str = "none of its tasks can run on, and it gave no answer, or didn't say how its stream ended";

/// Limits that wasmtime and its WASI tell of by text alone: what the text holds, and what it means to an author.
const LIMITS: [(&str, &str); 3] = [
    ("allocated for hostcalls", "it passed the host more in one call than a call may hold"),
    ("size of fields exceeds limit", FIELDS_TOO_LARGE),
    ("no free keys", "it holds too many requests, bodies, tasks, streams, futures and pollables at one time"),
];

fn in_our_words(cause: String) -> String {
    LIMITS.iter().find(|(text, _)| cause.contains(text)).map_or(cause, |(_, meaning)| (*meaning).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::component::ResourceTableError;

    fn trap(error: &wasmtime::Error) -> String {
        match classify(error, false) {
            Fault::Trap(why) => why,
            fault => format!("{fault:?}"),
        }
    }

    #[test]
    fn limits_that_wasmtime_tells_of_by_text_are_told_in_our_words() {
        let full = trap(&ResourceTableError::Full.into());
        assert_eq!(full, "it holds too many requests, bodies, tasks, streams, futures and pollables at one time");
        for (text, meaning) in LIMITS {
            assert_eq!(trap(&wasmtime::Error::msg(format!("the {text} of it")).context("calling")), meaning);
        }
        assert_eq!(trap(&wasmtime::Error::msg("cannot leave component instance")), "cannot leave component instance");
    }

    #[test]
    fn a_failure_of_the_system_is_not_the_guests() {
        let error = wasmtime::Error::from(std::io::Error::from(std::io::ErrorKind::OutOfMemory)).context("mapping");
        assert!(matches!(classify_entry(&error, false), Fault::Full));
        assert!(matches!(classify_entry(&wasmtime::Error::msg("no export"), false), Fault::Misfit(_)));
    }
}
