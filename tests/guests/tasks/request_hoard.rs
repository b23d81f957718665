//! Makes requests, each with a long path, method and host, and sends none.

use caisson_test_guests::tasks::*;

use caisson_sdk::bindings::wasi::http::types::{Fields, Method, Request};

/// The attack.
pub struct RequestHoard;

impl Attack for RequestHoard {
    const NAME: &'static str = "request-hoard";

    async fn before_answer(_context: Context) {
        let mut kept = Vec::new();
        loop {
            let (trailers, trailers_reader) = wit_future::new(|| Ok(None));
            let (request, sent) = Request::new(Fields::new(), None, trailers_reader, None);
            let _ = request.set_path_with_query(Some(&format!("/{}", "p".repeat(60 << 10))));
            let _ = request.set_authority(Some(&"h".repeat(256 << 10)));
            let _ = request.set_method(&Method::Other("m".repeat(256 << 10)));
            kept.push((trailers, request, sent));
        }
    }
}

caisson_test_guests::export_tasks!(RequestHoard);
