//! Sends its upstream a body of single bytes, each a chunk of its own, without end.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, wire, wire::Method};

/// The adapter.
pub struct DripUpload;

impl Adapter for DripUpload {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("drip-upload", "1.0.0").host(UPSTREAM)
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let request = wire::Request::get(&context.base_url(UPSTREAM)).method(Method::Post);
        let mut sent = request.start(Some(())).map_err(Error::internal)?;
        loop {
            sent.write(b"x").map_err(|reason| Error::upstream(format!("the upload was ended: {reason}")))?;
        }
    }
}

caisson_sdk::export!(OrBehave<DripUpload>);
