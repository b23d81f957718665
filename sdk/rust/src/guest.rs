//! Carries an [`Adapter`] over the generated export traits. Only [`crate::export!`] names it.

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::api::{AdapterInfo, ChatRequest, ChatResponse, Context, EmbedRequest, EmbedResponse, Error, Event};
use crate::bindings::exports::caisson::adapter::provider::{Events, Guest, GuestEvents};
use crate::{Adapter, EventSource, Result};

/// The component made of an adapter; never constructed.
#[derive(Debug)]
pub struct Component<A>(PhantomData<A>);

/// The exported `events` resource.
pub struct Stream(RefCell<Box<dyn EventSource>>);

/// Fails to compile where `A` is no adapter, and counts as a use of it off Wasm.
pub const fn check<A: Adapter>() {}

impl<A: Adapter> Guest for Component<A> {
    type Events = Stream;

    fn describe() -> AdapterInfo {
        A::describe()
    }

    fn complete(context: Context, request: ChatRequest) -> Result<ChatResponse> {
        A::complete(context, request)
    }

    fn open_stream(context: Context, request: ChatRequest) -> Result<Events> {
        A::open_stream(context, request).map(|source| Events::new(Stream(RefCell::new(source))))
    }

    fn embed(context: Context, request: EmbedRequest) -> Result<EmbedResponse> {
        A::embed(context, request)
    }
}

impl GuestEvents for Stream {
    fn next(&self) -> Result<Option<Vec<Event>>> {
        match self.0.try_borrow_mut() {
            Ok(mut source) => source.next(),
            // A component is not entered again while it runs; the host would have to be broken.
            Err(_) => Err(Error::internal("the stream was asked for events while giving some")),
        }
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Stream")
    }
}
