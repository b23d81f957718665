//! Write an LLM provider adapter for Caisson in Rust.
//!
//! An adapter is one type that implements [`Adapter`] and one line, [`export!`], in a crate of
//! `crate-type = ["cdylib"]` built for `wasm32-wasip2`. `README.md` beside this crate walks through it.
//!
//! What is here, in the order a request passes it: [`api`] (the contract's types), [`http`] (the client,
//! with [`retry`]), [`json`], [`sse`] and [`ndjson`] (reading the answer), [`events`] (answering in pieces),
//! [`error`] (from the provider's failure to ours), [`host`] and [`log`] (what else the host gives).
//! `testing` runs all of it natively against recorded exchanges.
//!
//! What is deliberately not here: any provider's wire format, and any credential. The host puts keys on the
//! request after it has left the guest.

mod adapter;
#[cfg(any(all(target_arch = "wasm32", feature = "allocator"), test))]
mod allocator;
pub mod api;
mod batches;
#[doc(hidden)]
pub mod bindings;
mod date;
pub mod error;
pub mod events;
#[cfg(not(feature = "async"))]
#[doc(hidden)]
pub mod guest;
#[cfg(feature = "async")]
#[doc(hidden)]
#[path = "guest_async.rs"]
pub mod guest;
pub mod host;
pub mod http;
pub mod json;
mod lines;
pub mod log;
pub mod ndjson;
pub mod prelude;
pub mod retry;
pub mod sse;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod transport;

pub use adapter::{Adapter, EventSource};

#[cfg(all(target_arch = "wasm32", feature = "allocator"))]
#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator::new();

/// What an adapter's functions return: the contract's error unless another is named.
pub type Result<T, E = api::Error> = std::result::Result<T, E>;

/// Exports an [`Adapter`] from the crate that calls it, once.
///
/// Off Wasm there are no exports, only a check of the type, so the same crate links natively for its unit tests.
#[macro_export]
macro_rules! export {
    ($adapter:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Component = $crate::guest::Component<$adapter>;
    $crate::bindings::__export_bindings!(Component with_types_in $crate::bindings);
        };
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = $crate::guest::check::<$adapter>();
    };
}
