//! Carries an [`Adapter`] over the generated export traits of the world `adapter-async`. Only [`crate::export!`] names it.
//!
//! The adapter's functions block the task that they run in, which is the only one: the instance serves one call.

use std::marker::PhantomData;

use wit_bindgen::{FutureReader, StreamReader};

use crate::api::{AdapterInfo, ChatRequest, ChatResponse, Context, EmbedRequest, EmbedResponse, Error, Event};
use crate::bindings::exports::caisson::adapter_async::provider_async::Guest;
use crate::bindings::{wit_future, wit_stream};
use crate::{Adapter, Result};

/// The component made of an adapter; never constructed.
#[derive(Debug)]
pub struct Component<A>(PhantomData<A>);

/// Fails to compile where `A` is no adapter, and counts as a use of it off Wasm.
pub const fn check<A: Adapter>() {}

impl<A: Adapter> Guest for Component<A> {
    fn describe() -> AdapterInfo {
        A::describe()
    }

    async fn complete(context: Context, request: ChatRequest) -> Result<ChatResponse> {
        A::complete(context, request)
    }

    async fn open_stream(
        context: Context,
        request: ChatRequest,
    ) -> Result<(StreamReader<Event>, FutureReader<Result<(), Error>>)> {
        let mut source = A::open_stream(context, request)?;
        let (mut events, reader) = wit_stream::new();
        let (result, result_reader) = wit_future::new(|| Ok(()));
        wit_bindgen::spawn_local(async move {
            let end = loop {
                match source.next() {
                    Ok(None) => break Ok(()),
                    Ok(Some(batch)) => {
                        // What isn't taken is of no use any more: nobody reads.
                        if !events.write_all(batch).await.is_empty() {
                            return;
                        }
                    }
                    Err(error) => break Err(error),
                }
            };
            drop(events);
            // Whether it's read or not, there is nothing more to do.
            let _ = result.write(end).await;
        });
        Ok((reader, result_reader))
    }

    async fn embed(context: Context, request: EmbedRequest) -> Result<EmbedResponse> {
        A::embed(context, request)
    }
}
