//! The seam on WASI 0.2: requests, answers and waiting. The rest is in `wasi_both`.
//!
//! Order matters here. A resource traps when dropped before its children, so a stream goes before its body, headers before their
//! response, and a pollable before what it was taken from. A body is no child of its response, which stays for its headers only.

use std::time::Duration;

use super::wasi_both::{fault, fields, headers, late, malformed, method, nanoseconds, request_options, scheme};
use super::{Answer, Call, Fault, FaultKind};
use crate::bindings::wasi::clocks::{monotonic_clock, wall_clock};
use crate::bindings::wasi::http::outgoing_handler::handle;
use crate::bindings::wasi::http::types::{
    ErrorCode, FutureIncomingResponse, IncomingBody, IncomingResponse, OutgoingBody, OutgoingRequest, http_error_code,
};
use crate::bindings::wasi::io::error::Error as IoError;
use crate::bindings::wasi::io::poll::poll;
use crate::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};

/// The most one read takes: what comes as it comes, never more.
const READ_AT_MOST: u64 = 64 * 1024;

/// Sends one request and waits for the head of its answer.
pub(crate) async fn send(call: &Call) -> Result<Answer, Fault> {
    let request = outgoing_request(call)?;
    let options = request_options(&call.timeouts);
    let mut upload = match &call.body {
        Some(bytes) => Some(Upload::start(&request, bytes)?),
        None => None,
    };
    // What fits the host's buffer is there before the request starts, and the rest follows it.
    if let Some(upload) = &mut upload {
        upload.write_what_fits();
        upload.finish_if_written();
    }
    let future = handle(request, options).map_err(|code| fault(&code))?;
    let early = upload.and_then(|upload| upload.run(&future));
    let response = match early {
        Some(outcome) => outcome?,
        None => wait(&future)?,
    };
    drop(future);
    Answer::read(response)
}

fn outgoing_request(call: &Call) -> Result<OutgoingRequest, Fault> {
    let request = OutgoingRequest::new(fields(call)?);
    request.set_method(&method(&call.method)).map_err(|()| malformed(format!("not a method: {}", call.method)))?;
    request.set_scheme(Some(&scheme(call))).map_err(|()| malformed("the scheme can't be sent".to_owned()))?;
    request.set_authority(Some(&call.authority)).map_err(|()| malformed(format!("not a host: {}", call.authority)))?;
    request
        .set_path_with_query(Some(&call.path_with_query))
        .map_err(|()| malformed(format!("not a path: {}", call.path_with_query)))?;
    Ok(request)
}

/// A request body being written; the stream is dropped before the body. Write errors are not reported: the host closes the body when the request
/// fails, and the reason is in the response.
struct Upload<'a> {
    stream: Option<OutputStream>,
    body: Option<OutgoingBody>,
    left: &'a [u8],
}

impl<'a> Upload<'a> {
    fn start(request: &OutgoingRequest, bytes: &'a [u8]) -> Result<Self, Fault> {
        let taken = |()| Fault::new(FaultKind::Malformed, "the request has no body to write");
        let body = request.body().map_err(taken)?;
        let stream = body.write().map_err(taken)?;
        Ok(Self { stream: Some(stream), body: Some(body), left: bytes })
    }

    /// Writes without waiting.
    fn write_what_fits(&mut self) {
        while let Some(stream) = &self.stream
            && !self.left.is_empty()
        {
            let room = match stream.check_write() {
                Ok(0) => return,
                Ok(room) => usize::try_from(room).unwrap_or(usize::MAX).min(self.left.len()),
                Err(_) => return self.abandon(),
            };
            let (now, later) = self.left.split_at(room);
            if stream.write(now).is_err() {
                return self.abandon();
            }
            self.left = later;
        }
    }

    fn finish_if_written(&mut self) {
        if !self.left.is_empty() {
            return;
        }
        // What is written needs no flush: the host sends it on by itself.
        self.stream = None;
        if let Some(body) = self.body.take() {
            let _ = OutgoingBody::finish(body, None);
        }
    }

    fn abandon(&mut self) {
        self.left = &[];
        self.stream = None;
        self.body = None;
    }

    /// Writes what is left while the request runs. Gives the response if it came first.
    fn run(mut self, future: &FutureIncomingResponse) -> Option<Result<IncomingResponse, Fault>> {
        let mut early = None;
        while !self.left.is_empty() {
            let Some(stream) = &self.stream else { break };
            if early.is_none() {
                let (writable, answered) = (stream.subscribe(), future.subscribe());
                let _ = poll(&[&writable, &answered]);
                early = future.get().map(flatten);
            } else {
                stream.subscribe().block();
            }
            // A refusal before the last byte, such as 413: nobody wants the rest.
            if early.as_ref().is_some_and(|outcome| outcome.as_ref().map_or(true, |response| response.status() >= 300))
            {
                self.abandon();
                break;
            }
            self.write_what_fits();
        }
        self.finish_if_written();
        early
    }
}

fn wait(future: &FutureIncomingResponse) -> Result<IncomingResponse, Fault> {
    loop {
        // Waiting for what is there already costs less than to ask first.
        future.subscribe().block();
        if let Some(outcome) = future.get() {
            return flatten(outcome);
        }
    }
}

fn flatten(outcome: Result<Result<IncomingResponse, ErrorCode>, ()>) -> Result<IncomingResponse, Fault> {
    match outcome {
        Ok(outcome) => outcome.map_err(|code| fault(&code)),
        Err(()) => Err(Fault::new(FaultKind::Broken, "the response was already taken")),
    }
}

impl Answer {
    fn read(response: IncomingResponse) -> Result<Self, Fault> {
        let status = response.status();
        let taken = |()| Fault::new(FaultKind::Broken, "the response has no body to read");
        let body = response.consume().map_err(taken)?;
        let stream = body.stream().map_err(taken)?;
        Ok(Self { status, body: Body { stream, _body: body }, headers: headers(move || response.headers().entries()) })
    }
}

/// A response body being read. Fields are dropped in this order, children first.
pub(crate) struct Body {
    stream: InputStream,
    _body: IncomingBody,
}

impl Body {
    /// Waits for bytes and gives those that are there; `None` at the end.
    pub(crate) async fn read(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        loop {
            match self.stream.blocking_read(READ_AT_MOST) {
                Ok(bytes) if bytes.is_empty() => self.stream.subscribe().block(),
                Ok(bytes) => return Ok(Some(bytes)),
                Err(StreamError::Closed) => return Ok(None),
                Err(StreamError::LastOperationFailed(error)) => return Err(body_fault(&error)),
            }
        }
    }
}

/// Why a body ended early. The answer had begun, so sending again would be no retry any more.
fn body_fault(error: &IoError) -> Fault {
    if let Some(code) = http_error_code(error) {
        return late(fault(&code));
    }
    // A host may keep the code of a body's error to itself; its text at least tells a timeout.
    let text = error.to_debug_string();
    let kind = if text.contains("timeout") { FaultKind::Timeout } else { FaultKind::Broken };
    Fault::new(kind, format!("the answer broke off ({text})"))
}

pub(crate) async fn sleep(duration: Duration) {
    monotonic_clock::subscribe_duration(nanoseconds(duration)).block();
}

pub(crate) fn unix_seconds() -> u64 {
    wall_clock::now().seconds
}
