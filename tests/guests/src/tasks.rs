//! What the guests of `tasks` share: the exports of the world `adapter-async`, taken at their word. The SDK never lets an adapter see
//! the ends of a stream; an attack wants nothing else.
//!
//! The model `behave` is answered as it should be.

pub use caisson_sdk::api::{Context, Error, Event};
pub use caisson_sdk::bindings::wasi::clocks::monotonic_clock::wait_for;
pub use caisson_sdk::bindings::{wit_future, wit_stream};
pub use wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamWriter, spawn_local};

use std::marker::PhantomData;

use caisson_sdk::Result;
use caisson_sdk::bindings::exports::caisson::adapter_async::provider_async::Guest;
use caisson_sdk::prelude::{
    AdapterInfo, ChatAnswer, ChatRequest, ChatResponse, EmbedRequest, EmbedResponse, FinishReason,
};

/// The ends that the guest keeps of a streamed answer.
pub struct Ends {
    /// Takes events.
    pub events: StreamWriter<Event>,
    /// Takes how it ended.
    pub result: FutureWriter<Result<(), Error>>,
}

/// Something to do before or after an answer.
#[allow(async_fn_in_trait, reason = "a guest has one thread")]
pub trait Attack: 'static {
    /// Its name.
    const NAME: &'static str;

    /// Done before a whole answer; where it returns, the answer is "survived".
    async fn before_answer(_context: Context) {}

    /// Done once the ends of a stream are given to the host.
    async fn streaming(ends: Ends) {
        ends.end(vec![Event::text(0, "survived")]).await;
    }
}

/// The component made of an attack.
pub struct Tasks<A>(PhantomData<A>);

impl Ends {
    /// Gives these events, and the good end.
    pub async fn end(mut self, events: Vec<Event>) {
        self.events.write_all(events).await;
        drop(self.events);
        let _ = self.result.write(Ok(())).await;
    }
}

impl<A: Attack> Guest for Tasks<A> {
    fn describe() -> AdapterInfo {
        AdapterInfo::new(A::NAME, "1.0.0")
    }

    async fn complete(context: Context, request: ChatRequest) -> Result<ChatResponse> {
        if request.model == "behave" {
            return Ok(ChatAnswer::text("behaved").into());
        }
        A::before_answer(context).await;
        Ok(ChatAnswer::text("survived").into())
    }

    async fn open_stream(
        _context: Context,
        request: ChatRequest,
    ) -> Result<(StreamReader<Event>, FutureReader<Result<(), Error>>)> {
        let (events, reader) = wit_stream::new();
        let (result, result_reader) = wit_future::new(|| Ok(()));
        let ends = Ends { events, result };
        spawn_local(async move {
            match &*request.model {
                "behave" => ends.end(vec![Event::text(0, "behaved"), Event::finish(0, FinishReason::Stop)]).await,
                _ => A::streaming(ends).await,
            }
        });
        Ok((reader, result_reader))
    }

    async fn embed(_context: Context, _request: EmbedRequest) -> Result<EmbedResponse> {
        Ok(EmbedResponse { vectors: vec![vec![1.0]], ..EmbedResponse::default() })
    }
}

/// Exports an attack from the crate that calls it, once.
#[macro_export]
macro_rules! export_tasks {
    ($attack:ty) => {
        type Exported = $crate::tasks::Tasks<$attack>;
        #[cfg(target_arch = "wasm32")]
        ::caisson_sdk::bindings::__export_bindings!(Exported with_types_in ::caisson_sdk::bindings);
        #[cfg(not(target_arch = "wasm32"))]
        const _: std::marker::PhantomData<Exported> = std::marker::PhantomData;
    };
}

/// Waits longer than anybody lives.
pub async fn forever() {
    loop {
        wait_for(u64::MAX).await;
    }
}

/// Computes without end.
pub fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = std::hint::black_box(turns.wrapping_add(1));
    }
}
