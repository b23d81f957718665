//! A component's exports, called the same way whichever world they are of.
//!
//! Nothing outside of here knows how a world waits. One call is one future that borrows the Store; dropping it and the Store ends
//! whatever the guest was doing. In the world `adapter-async` a guest's tasks run within such a call and at no other time, so what
//! it left running when it answered never runs again; of a stream, the one call is all of it. One that can't run on any more, and so would never answer, is told from one that
//! waits: nobody's slot is held for it until its deadline.

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::{InstancePre, ResourceAny};

use super::bindings::{adapter, adapter_async};
use super::inbox::Inbox;
use super::ledger::Ledger;
use super::state::State;
use super::world::World;
use crate::chat;

/// A component linked against all that it imports.
#[derive(Clone)]
pub(super) enum Linked {
    Adapter(adapter::AdapterPre<State>),
    AdapterAsync(adapter_async::AdapterAsyncPre<State>),
}

/// The exports of one instance.
pub(super) enum Exports {
    Adapter(adapter::Adapter),
    AdapterAsync(adapter_async::AdapterAsync),
}

/// Where a streamed answer's events come from.
pub(super) enum Events {
    /// A resource of the guest's, which is asked ([`Exports::next`]).
    Resource(ResourceAny),
    /// Where a stream and its result arrive while the guest's tasks run ([`run`]).
    Inbox(Arc<Inbox>),
}

type Answer<T> = wasmtime::Result<Result<T, chat::Error>>;

impl Linked {
    /// Fails where the exports have another shape than the world's.
    pub(super) fn new(world: World, pre: InstancePre<State>) -> wasmtime::Result<Self> {
        Ok(match world {
            World::Adapter => Self::Adapter(adapter::AdapterPre::new(pre)?),
            World::AdapterAsync => Self::AdapterAsync(adapter_async::AdapterAsyncPre::new(pre)?),
        })
    }

    pub(super) fn world(&self) -> World {
        match self {
            Self::Adapter(_) => World::Adapter,
            Self::AdapterAsync(_) => World::AdapterAsync,
        }
    }

    pub(super) fn store(&self, state: State) -> Store<State> {
        match self {
            Self::Adapter(pre) => Store::new(pre.engine(), state),
            Self::AdapterAsync(pre) => Store::new(pre.engine(), state),
        }
    }

    pub(super) async fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Exports> {
        Ok(match self {
            Self::Adapter(pre) => Exports::Adapter(pre.instantiate_async(store).await?),
            Self::AdapterAsync(pre) => Exports::AdapterAsync(pre.instantiate_async(store).await?),
        })
    }
}

/// Calls a function of whichever world's provider: `$call` in the world `adapter`, `$function` in the other, whose generated `call_…`
/// would wait for a guest that can't run on.
macro_rules! in_either_world {
    ($exports:expr, $store:ident, $call:ident | $function:ident ( $($argument:ident),* )) => {
        match $exports {
            Exports::Adapter(exports) => exports.caisson_adapter_provider().$call($store, $(&$argument),*).await,
            Exports::AdapterAsync(exports) => {
                let function = exports.caisson_adapter_async_provider_async().$function();
                let (answer,) = function.call_async($store, ($($argument,)*)).await?;
                Ok(answer)
            }
        }
    };
}

impl Exports {
    pub(super) async fn describe(&self, store: &mut Store<State>) -> wasmtime::Result<chat::AdapterInfo> {
        in_either_world!(self, store, call_describe | func_describe())
    }

    pub(super) async fn complete(
        &self,
        store: &mut Store<State>,
        context: chat::Context,
        request: chat::ChatRequest,
    ) -> Answer<chat::ChatResponse> {
        in_either_world!(self, store, call_complete | func_complete(context, request))
    }

    pub(super) async fn embed(
        &self,
        store: &mut Store<State>,
        context: chat::Context,
        request: chat::EmbedRequest,
    ) -> Answer<chat::EmbedResponse> {
        in_either_world!(self, store, call_embed | func_embed(context, request))
    }

    pub(super) async fn open_stream(
        &self,
        store: &mut Store<State>,
        context: chat::Context,
        request: chat::ChatRequest,
        ledger: &Arc<Ledger>,
    ) -> Answer<Events> {
        match self {
            Self::Adapter(exports) => {
                let opened = exports.caisson_adapter_provider().call_open_stream(store, &context, &request).await?;
                Ok(opened.map(Events::Resource))
            }
            Self::AdapterAsync(exports) => {
                let function = exports.caisson_adapter_async_provider_async().func_open_stream();
                let (opened,) = function.call_async(&mut *store, (context, request)).await?;
                match opened {
                    Ok((stream, end)) => Ok(Ok(Events::Inbox(Inbox::of(store, stream, end, ledger)?))),
                    Err(error) => Ok(Err(error)),
                }
            }
        }
    }

    /// Waits for the next events of a resource; none is the end.
    pub(super) async fn next(&self, store: &mut Store<State>, events: ResourceAny) -> Answer<Option<Vec<chat::Event>>> {
        match self {
            Self::Adapter(exports) => exports.caisson_adapter_provider().events().call_next(store, events).await,
            // `open_stream` gives each world its own kind.
            Self::AdapterAsync(_) => wasmtime::bail!("the stream is of another world"),
        }
    }
}

/// Runs a guest's tasks until all that arrived in the inbox is taken and the stream has ended.
pub(super) async fn run(store: &mut Store<State>, inbox: &Inbox) -> Answer<()> {
    store.run_concurrent(async |guest| inbox.end(guest).await).await.flatten()
}
