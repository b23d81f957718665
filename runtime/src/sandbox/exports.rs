//! A component's exports, called the same way whichever world they are of.
//!
//! Nothing outside of here knows how a world waits. One call is one future that borrows the Store; dropping it and the Store ends
//! whatever the guest was doing. In the world `adapter-async` a guest's tasks run within such a call and at no other time, so what
//! it left running when it answered never runs again; of a stream, the one call is all of it. One that can't run on any more, and so would
//! never answer, is told from one that waits: nobody's slot is held for it until its deadline.
//!
//! A function and its types are looked up when it is wanted: the bindings that wasmtime generates would look up all of them for each
//! instance. That all fit the world is seen once, with a component's first instance.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wasmtime::Store;
use wasmtime::component::{
    ComponentExportIndex, ComponentNamedList, FutureReader, Instance, InstancePre, Lift, Lower, ResourceAny,
    StreamReader, TypedFunc,
};

use super::bindings::{adapter, adapter_async};
use super::inbox::Inbox;
use super::ledger::Ledger;
use super::state::State;
use super::world::World;
use crate::chat::{AdapterInfo, ChatRequest, ChatResponse, Context, EmbedRequest, EmbedResponse, Error, Event};

/// A component linked against all that it imports.
#[derive(Clone)]
pub(super) struct Linked {
    world: World,
    pre: InstancePre<State>,
    functions: Arc<Functions>,
}

/// The exports of one instance.
pub(super) struct Exports {
    instance: Instance,
    functions: Arc<Functions>,
}

/// Where a provider's functions are in a component.
struct Functions {
    describe: ComponentExportIndex,
    complete: ComponentExportIndex,
    embed: ComponentExportIndex,
    open_stream: ComponentExportIndex,
    /// The world `adapter`'s alone.
    next: Option<ComponentExportIndex>,
    /// Set once all were seen to have the world's types.
    fit: AtomicBool,
}

/// Where a streamed answer's events come from.
pub(super) enum Events {
    /// A resource of the guest's, which is asked.
    Resource(Resource),
    /// Where a stream and its result arrive while the guest's tasks run ([`run`]).
    Inbox(Arc<Inbox>),
}

/// A stream of the world `adapter`.
pub(super) struct Resource {
    handle: ResourceAny,
    next: TypedFunc<(ResourceAny,), (Batch,)>,
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;
type Asked<'a> = (&'a Context, &'a ChatRequest);
type Embedded<'a> = (&'a Context, &'a EmbedRequest);
type Batch = Result<Option<Vec<Event>>, Error>;
type Streamed = Result<(StreamReader<Event>, FutureReader<Result<(), Error>>), Error>;

impl Linked {
    /// Fails where the exports have other names than the world's.
    pub(super) fn new(world: World, pre: InstancePre<State>) -> wasmtime::Result<Self> {
        match world {
            World::Adapter => drop(adapter::AdapterPre::new(pre.clone())?),
            World::AdapterAsync => drop(adapter_async::AdapterAsyncPre::new(pre.clone())?),
        }
        let functions = Arc::new(Functions::of(world, &pre)?);
        Ok(Self { world, pre, functions })
    }

    pub(super) fn world(&self) -> World {
        self.world
    }

    pub(super) fn store(&self, state: State) -> Store<State> {
        Store::new(self.pre.engine(), state)
    }

    /// Fails where the exports have other types than the world's.
    pub(super) async fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Exports> {
        let instance = self.pre.instantiate_async(&mut *store).await?;
        let exports = Exports { instance, functions: Arc::clone(&self.functions) };
        if !self.functions.fit.load(Ordering::Relaxed) {
            exports.fit(store)?;
            self.functions.fit.store(true, Ordering::Relaxed);
        }
        Ok(exports)
    }
}

impl Functions {
    fn of(world: World, pre: &InstancePre<State>) -> wasmtime::Result<Self> {
        let component = pre.component();
        let missing = |name: &str| wasmtime::format_err!("no exported function `{name}`");
        let provider = component.get_export_index(None, world.provider());
        let provider = provider.ok_or_else(|| wasmtime::format_err!("no exported instance `{}`", world.provider()))?;
        let function = |name| component.get_export_index(Some(&provider), name).ok_or_else(|| missing(name));
        Ok(Self {
            describe: function("describe")?,
            complete: function("complete")?,
            embed: function("embed")?,
            open_stream: function("open-stream")?,
            next: match world {
                World::Adapter => Some(function("[method]events.next")?),
                World::AdapterAsync => None,
            },
            fit: AtomicBool::new(false),
        })
    }
}

impl Exports {
    /// Looks at the types of all functions.
    fn fit(&self, store: &mut Store<State>) -> wasmtime::Result<()> {
        let Functions { describe, complete, embed, open_stream, next, .. } = &*self.functions;
        self.typed::<(), AdapterInfo>(store, describe)?;
        self.typed::<Asked<'_>, Result<ChatResponse, Error>>(store, complete)?;
        self.typed::<Embedded<'_>, Result<EmbedResponse, Error>>(store, embed)?;
        match next {
            Some(next) => {
                self.typed::<Asked<'_>, Result<ResourceAny, Error>>(store, open_stream)?;
                self.typed::<(ResourceAny,), Batch>(store, next).map(drop)
            }
            None => self.typed::<Asked<'_>, Streamed>(store, open_stream).map(drop),
        }
    }

    fn typed<P, R>(
        &self,
        store: &mut Store<State>,
        function: &ComponentExportIndex,
    ) -> wasmtime::Result<TypedFunc<P, (R,)>>
    where
        P: ComponentNamedList + Lower,
        (R,): ComponentNamedList + Lift,
    {
        self.instance.get_typed_func(store, function)
    }

    async fn call<P, R>(
        &self,
        store: &mut Store<State>,
        function: &ComponentExportIndex,
        parameters: P,
    ) -> wasmtime::Result<R>
    where
        P: ComponentNamedList + Lower + Send + Sync,
        (R,): ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let (answer,) = self.typed::<P, R>(store, function)?.call_async(store, parameters).await?;
        Ok(answer)
    }

    pub(super) async fn describe(&self, store: &mut Store<State>) -> wasmtime::Result<AdapterInfo> {
        self.call(store, &self.functions.describe, ()).await
    }

    pub(super) async fn complete(
        &self,
        store: &mut Store<State>,
        context: Context,
        request: ChatRequest,
    ) -> Answer<ChatResponse> {
        self.call(store, &self.functions.complete, (&context, &request)).await
    }

    pub(super) async fn embed(
        &self,
        store: &mut Store<State>,
        context: Context,
        request: EmbedRequest,
    ) -> Answer<EmbedResponse> {
        self.call(store, &self.functions.embed, (&context, &request)).await
    }

    pub(super) async fn open_stream(
        &self,
        store: &mut Store<State>,
        context: Context,
        request: ChatRequest,
        ledger: &Arc<Ledger>,
    ) -> Answer<Events> {
        let (function, asked) = (&self.functions.open_stream, (&context, &request));
        let opened = match &self.functions.next {
            Some(next) => match self.call::<_, Result<_, Error>>(&mut *store, function, asked).await? {
                Ok(handle) => Ok(Events::Resource(Resource { handle, next: self.typed(store, next)? })),
                Err(error) => Err(error),
            },
            None => match self.call::<_, Streamed>(&mut *store, function, asked).await? {
                Ok((stream, end)) => Ok(Events::Inbox(Inbox::of(store, stream, end, ledger)?)),
                Err(error) => Err(error),
            },
        };
        Ok(opened)
    }
}

impl Resource {
    /// Waits for the next events; none is the end.
    pub(super) async fn next(&self, store: &mut Store<State>) -> Answer<Option<Vec<Event>>> {
        let (batch,) = self.next.call_async(store, (self.handle,)).await?;
        Ok(batch)
    }
}

/// Runs a guest's tasks until all that arrived in the inbox is taken and the stream has ended.
pub(super) async fn run(store: &mut Store<State>, inbox: &Inbox) -> Answer<()> {
    store.run_concurrent(async |guest| inbox.end(guest).await).await.flatten()
}
