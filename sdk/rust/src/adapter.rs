//! The two traits an author implements. How they reach the host is in [`crate::guest`].

use crate::Result;
use crate::api::{AdapterInfo, ChatRequest, ChatResponse, Context, EmbedRequest, EmbedResponse, Error, Event};

/// A program that speaks one provider's API.
///
/// Every call runs in a fresh instance, so there is no `self` and nothing to keep between calls.
pub trait Adapter: 'static {
    /// What this adapter is and wants. Called at upload, without egress; the same answer every time.
    fn describe() -> AdapterInfo;

    /// One whole answer.
    fn complete(context: Context, request: ChatRequest) -> Result<ChatResponse> {
        let _ = (context, request);
        Err(Error::unsupported("whole answers"))
    }

    /// Starts a streamed answer. An error here still becomes an HTTP status, one in
    /// [`EventSource::next`] only an event, so let the provider's refusal surface here.
    fn open_stream(context: Context, request: ChatRequest) -> Result<Box<dyn EventSource>> {
        let _ = (context, request);
        Err(Error::unsupported("streamed answers"))
    }

    /// One vector for each input, in order.
    fn embed(context: Context, request: EmbedRequest) -> Result<EmbedResponse> {
        let _ = (context, request);
        Err(Error::unsupported("embeddings"))
    }
}

/// One streamed answer being read. The whole instance is discarded when the client leaves, so neither a
/// last call nor `Drop` is sure to happen.
pub trait EventSource {
    /// Waits for events and gives all that are ready; an empty list is allowed, `None` ends the stream.
    /// Not called again after `None` or an error.
    fn next(&mut self) -> Result<Option<Vec<Event>>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ErrorKind;
    use crate::testing::context;

    struct Bare;

    impl Adapter for Bare {
        fn describe() -> AdapterInfo {
            AdapterInfo::new("bare", "0")
        }
    }

    #[test]
    fn what_an_adapter_lacks_is_unsupported() {
        let kinds = [
            Bare::complete(context(), ChatRequest::default()).err(),
            Bare::open_stream(context(), ChatRequest::default()).err(),
            Bare::embed(context(), EmbedRequest::default()).err(),
        ]
        .map(|error| error.map(|error| error.kind));
        assert_eq!(kinds, [Some(ErrorKind::Unsupported); 3]);
    }
}
