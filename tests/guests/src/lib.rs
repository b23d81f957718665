//! What the hostile guests share: good behaviour for the model `behave`, a place to send requests to, and ways to report.
//!
//! No attack is in here: each is a file of its own in `examples`, where what it does can be read without this.

pub mod memory;
#[cfg(feature = "async")]
pub mod tasks;
pub mod wire;

use std::marker::PhantomData;

use caisson_sdk::events;
use caisson_sdk::prelude::*;
use serde_json::{Value, json};

/// The host that the guests ask for; a test's base URL stands in for it.
pub const UPSTREAM: &str = "http://upstream.invalid";

/// The adapter `A`, but for the model `behave`, which is answered as it should be: so that a test can see a deployment recover.
pub struct OrBehave<A>(PhantomData<A>);

impl<A: Adapter> Adapter for OrBehave<A> {
    fn describe() -> AdapterInfo {
        A::describe()
    }

    fn complete(context: Context, request: ChatRequest) -> Result<ChatResponse> {
        if request.model == "behave" { Ok(ChatAnswer::text("behaved").into()) } else { A::complete(context, request) }
    }

    fn open_stream(context: Context, request: ChatRequest) -> Result<Box<dyn EventSource>> {
        if request.model != "behave" {
            return A::open_stream(context, request);
        }
        Ok(once(vec![Event::text(0, "behaved"), Event::finish(0, FinishReason::Stop)]))
    }

    fn embed(context: Context, request: EmbedRequest) -> Result<EmbedResponse> {
        if request.model != "behave" {
            return A::embed(context, request);
        }
        Ok(EmbedResponse { vectors: vec![vec![1.0]], ..EmbedResponse::default() })
    }
}

/// A stream of one batch.
pub fn once(events: Vec<Event>) -> Box<dyn EventSource> {
    events::from_iter([Ok(events)])
}

/// An answer whose text is this JSON.
///
/// # Errors
/// None: it is what a guest returns.
pub fn report(report: Value) -> Result<ChatResponse> {
    Ok(ChatAnswer::text(report.to_string()).into())
}

/// Gets each of these URLs in its turn, and tells which gave any answer and why the others gave none.
pub fn get_each<U: Into<String>>(urls: impl IntoIterator<Item = U>) -> Value {
    let (mut reached, mut refused) = (Vec::new(), serde_json::Map::new());
    for url in urls {
        let url = url.into();
        match wire::Request::get(&url).send() {
            Ok(_) => reached.push(url),
            Err(reason) => drop(refused.insert(url, reason.into())),
        }
    }
    json!({ "reached": reached, "refused": refused })
}
