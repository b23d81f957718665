//! Sending on WASI 0.2.

use caisson_sdk::bindings::wasi::http::outgoing_handler::handle;
use caisson_sdk::bindings::wasi::http::types::{
    Fields, FutureIncomingResponse, IncomingBody, OutgoingBody, OutgoingRequest,
};
use caisson_sdk::bindings::wasi::io::streams::{OutputStream, StreamError};

use super::{Got, Request, text};

/// The most that one blocking write takes.
const WRITE_AT_MOST: usize = 4096;

/// A request on its way. Fields are dropped in this order, as the host wants it.
pub struct Sent {
    stream: Option<OutputStream>,
    body: Option<OutgoingBody>,
    pending: FutureIncomingResponse,
}

impl Request {
    /// Starts it; with `body`, one is still to be written.
    ///
    /// # Errors
    /// The part that the host took for none.
    pub fn start(self, body: Option<()>) -> Result<Sent, String> {
        let options = self.options();
        let request = OutgoingRequest::new(self.fields);
        request.set_method(&self.method).map_err(|()| "no method".to_owned())?;
        request.set_scheme(Some(&self.scheme)).map_err(|()| "no scheme".to_owned())?;
        request.set_authority(Some(&self.authority)).map_err(|()| "no authority".to_owned())?;
        request.set_path_with_query(Some(&self.path)).map_err(|()| "no path".to_owned())?;
        let body = match body {
            Some(()) => Some(request.body().map_err(|()| "no body".to_owned())?),
            None => None,
        };
        let stream = body.as_ref().and_then(|body| body.write().ok());
        let pending = handle(request, options).map_err(|code| text(&code))?;
        Ok(Sent { stream, body, pending })
    }
}

impl Sent {
    /// Writes to the body, and waits until the host took it.
    ///
    /// # Errors
    /// Why the host takes no more.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let Some(stream) = &self.stream else { return Err("there is no body".to_owned()) };
        for piece in bytes.chunks(WRITE_AT_MOST) {
            stream.blocking_write_and_flush(piece).map_err(|error| broken(&error))?;
        }
        Ok(())
    }

    /// Ends the body with these trailers, and reads the answer.
    ///
    /// # Errors
    /// What the host said instead.
    pub fn finish(mut self, trailers: &[(&str, &str)]) -> Result<Got, String> {
        drop(self.stream.take());
        if let Some(body) = self.body.take() {
            let fields = Fields::new();
            for (name, value) in trailers {
                // One that is refused here is one less; those that are not are what the test looks for.
                let _ = fields.append(name, value.as_bytes());
            }
            OutgoingBody::finish(body, Some(fields)).map_err(|code| text(&code))?;
        }
        self.pending.subscribe().block();
        let response = match self.pending.get() {
            Some(Ok(Ok(response))) => response,
            Some(Ok(Err(code))) => return Err(text(&code)),
            _ => return Err("the answer was taken before".to_owned()),
        };
        let headers = response.headers().entries().into_iter();
        let headers = headers.map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned())).collect();
        let (status, incoming) = (response.status(), response.consume());
        let (body, broken) = incoming.map_or_else(|()| (Vec::new(), None), |incoming| read(&incoming));
        Ok(Got { status, headers, body, broken })
    }
}

fn read(incoming: &IncomingBody) -> (Vec<u8>, Option<String>) {
    let mut bytes = Vec::new();
    let Ok(stream) = incoming.stream() else { return (bytes, None) };
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(more) => bytes.extend(more),
            Err(StreamError::Closed) => return (bytes, None),
            Err(error) => return (bytes, Some(broken(&error))),
        }
    }
}

fn broken(error: &StreamError) -> String {
    match error {
        StreamError::Closed => "closed".to_owned(),
        StreamError::LastOperationFailed(error) => error.to_debug_string(),
    }
}
