//! The one seam between this crate and the world: outbound HTTP, time, chance, and the host's own functions.
//! On Wasm it is the generated imports of WASI 0.2, or of 0.3 with the feature `async`; elsewhere the thread's `testing` script.
//!
//! What may wait is an `async fn` here, and [`wait`] is for who has nothing else to do meanwhile. Only on WASI 0.3 does such a
//! future really wait: on 0.2 the host's functions block.
//!
//! Knows no policy: whether to send again and what an error means to a client is decided above.

use std::cell::LazyCell;
use std::time::Duration;

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(all(target_arch = "wasm32", not(feature = "async")))]
mod wasi;
#[cfg(all(target_arch = "wasm32", feature = "async"))]
#[path = "transport/wasi_async.rs"]
mod wasi;
#[cfg(target_arch = "wasm32")]
mod wasi_both;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::{Body, count_tokens, elapsed, fraction, original_body, send, sleep, unix_seconds};
#[cfg(target_arch = "wasm32")]
pub(crate) use wasi::{Body, send, sleep, unix_seconds};
#[cfg(target_arch = "wasm32")]
pub(crate) use wasi_both::{count_tokens, elapsed, fraction, original_body};

/// Waits for what may wait.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    #[cfg(all(target_arch = "wasm32", feature = "async"))]
    return wit_bindgen::block_on(future);
    #[cfg(not(all(target_arch = "wasm32", feature = "async")))]
    {
        use std::task::{Context, Poll, Waker};
        let mut future = std::pin::pin!(future);
        loop {
            // Ready at once, since its waiting is done within.
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return value;
            }
            std::thread::yield_now();
        }
    }
}

/// A request as it leaves: checked, and complete but for what the host adds.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) secure: bool,
    pub(crate) authority: String,
    pub(crate) path_with_query: String,
    pub(crate) headers: Vec<(String, String)>,
    /// `None` for a request that has no body at all, such as a GET.
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) timeouts: Timeouts,
}

impl Call {
    /// Scheme and authority, as a grant names them.
    pub(crate) fn origin(&self) -> String {
        let scheme = if self.secure { "https://" } else { "http://" };
        [scheme, &self.authority].concat()
    }
}

/// How long each stage may take; the host's own where none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timeouts {
    pub(crate) connect: Option<Duration>,
    pub(crate) first_byte: Option<Duration>,
    pub(crate) between_bytes: Option<Duration>,
}

/// The head of an answer, and its body still to be read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Body,
}

/// An answer's headers, names in lower case. Asked of the host when the first is looked at: most good answers' never are.
pub(crate) type Headers = LazyCell<Vec<(String, String)>, Box<dyn FnOnce() -> Vec<(String, String)>>>;

/// Why there is no answer, or no more of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    /// What happened, to stand after "https://host: ".
    pub(crate) what: String,
}

/// Faults, as far as anyone above treats them differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The host refused: no grant.
    Denied,
    /// Nobody answered there, or hung up before answering. Worth another try.
    Unreachable,
    /// Somebody took too long.
    Timeout,
    /// The exchange went wrong in another way.
    Broken,
    /// The request itself can't be sent.
    #[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "no script refuses a request"))]
    Malformed,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, what: impl Into<String>) -> Self {
        Self { kind, what: what.into() }
    }
}
