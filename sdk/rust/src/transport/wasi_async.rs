//! The seam on WASI 0.3: requests, answers and waiting. The rest is in `wasi_both`.
//!
//! The host takes a request's body and its trailers while it answers, so all three are waited for together.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult, StreamWriter};

use super::wasi_both::{fault, fields, headers, late, malformed, method, nanoseconds, request_options, scheme};
use super::{Answer, Call, Fault};
use crate::bindings::wasi::clocks::{monotonic_clock, system_clock};
use crate::bindings::wasi::http::client;
use crate::bindings::wasi::http::types::{ErrorCode, Request, Response, Trailers};
use crate::bindings::{wit_future, wit_stream};

/// The most one read takes: what comes as it comes, never more.
const READ_AT_MOST: usize = 64 * 1024;

type TrailersResult = Result<Option<Trailers>, ErrorCode>;

/// Sends one request and waits for the head of its answer.
pub(crate) async fn send(call: &Call) -> Result<Answer, Fault> {
    let (request, upload) = outgoing_request(call)?;
    let mut uploading = pin!(upload.run(call.body.as_deref().unwrap_or_default()));
    let mut sending = pin!(client::send(request));
    let mut uploaded = false;
    let response = poll_fn(|cx| {
        uploaded = uploaded || uploading.as_mut().poll(cx).is_ready();
        sending.as_mut().poll(cx)
    });
    let response = response.await.map_err(|code| fault(&code))?;
    // A refusal before the last byte, such as 413: nobody wants the rest.
    if !uploaded && response.get_status_code() < 300 {
        uploading.await;
    }
    Ok(Answer::read(response))
}

fn outgoing_request(call: &Call) -> Result<(Request, Upload), Fault> {
    let headers = fields(call)?;
    let (body, contents) = match &call.body {
        Some(_) => {
            let (writer, reader) = wit_stream::new();
            (Some(writer), Some(reader))
        }
        None => (None, None),
    };
    let (trailers, trailers_reader) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(headers, contents, trailers_reader, request_options(&call.timeouts));
    request.set_method(&method(&call.method)).map_err(|()| malformed(format!("not a method: {}", call.method)))?;
    request.set_scheme(Some(&scheme(call))).map_err(|()| malformed("the scheme can't be sent".to_owned()))?;
    request.set_authority(Some(&call.authority)).map_err(|()| malformed(format!("not a host: {}", call.authority)))?;
    request
        .set_path_with_query(Some(&call.path_with_query))
        .map_err(|()| malformed(format!("not a path: {}", call.path_with_query)))?;
    Ok((request, Upload { body, trailers }))
}

/// What of a request is sent after its head. Write errors are not reported: the host closes the body when the request fails, and the
/// reason is in the response.
struct Upload {
    body: Option<StreamWriter<u8>>,
    trailers: FutureWriter<TrailersResult>,
}

impl Upload {
    async fn run(self, bytes: &[u8]) {
        if let Some(mut body) = self.body
            && !bytes.is_empty()
        {
            body.write_all(bytes.to_vec()).await;
        }
        // Without it the host waits for trailers.
        let _ = self.trailers.write(Ok(None)).await;
    }
}

impl Answer {
    fn read(response: Response) -> Self {
        let status = response.get_status_code();
        let shown = response.get_headers();
        let (processed, processed_reader) = wit_future::new(|| Ok(()));
        let (stream, trailers) = Response::consume_body(response, processed_reader);
        Self {
            status,
            body: Body { stream, trailers: Some(trailers), _processed: processed },
            headers: headers(move || shown.copy_all()),
        }
    }
}

/// A response body being read.
pub(crate) struct Body {
    stream: StreamReader<u8>,
    /// What came after the body, or why it ended early.
    trailers: Option<FutureReader<TrailersResult>>,
    _processed: FutureWriter<Result<(), ErrorCode>>,
}

impl Body {
    /// Waits for bytes and gives those that are there; `None` at the end.
    pub(crate) async fn read(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        loop {
            let (result, bytes) = self.stream.read(Vec::with_capacity(READ_AT_MOST)).await;
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
            if result == StreamResult::Dropped {
                break;
            }
        }
        match self.trailers.take() {
            Some(trailers) => match trailers.await {
                Ok(_) => Ok(None),
                Err(code) => Err(late(fault(&code))),
            },
            None => Ok(None),
        }
    }
}

pub(crate) async fn sleep(duration: Duration) {
    monotonic_clock::wait_for(nanoseconds(duration)).await;
}

pub(crate) fn unix_seconds() -> u64 {
    u64::try_from(system_clock::now().seconds).unwrap_or_default()
}
