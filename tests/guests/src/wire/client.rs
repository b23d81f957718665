//! Sending on WASI 0.3, with the same functions.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use caisson_sdk::bindings::wasi::http::client;
use caisson_sdk::bindings::wasi::http::types::{self, ErrorCode, Fields, Response, Trailers};
use caisson_sdk::bindings::{wit_future, wit_stream};
use wit_bindgen::{FutureWriter, StreamResult, StreamWriter, block_on};

use super::{Got, Request, text};

/// A request on its way.
pub struct Sent {
    body: Option<StreamWriter<u8>>,
    trailers: FutureWriter<Result<Option<Trailers>, ErrorCode>>,
    pending: Pin<Box<dyn Future<Output = Result<Response, ErrorCode>>>>,
    answered: Option<Result<Response, ErrorCode>>,
}

impl Request {
    /// Starts it; with `body`, one is still to be written.
    ///
    /// # Errors
    /// The part that the host took for none.
    pub fn start(self, body: Option<()>) -> Result<Sent, String> {
        let (writer, reader) = match body {
            Some(()) => {
                let (writer, reader) = wit_stream::new();
                (Some(writer), Some(reader))
            }
            None => (None, None),
        };
        let options = self.options();
        let (trailers, trailers_reader) = wit_future::new(|| Ok(None));
        let (request, _sent) = types::Request::new(self.fields, reader, trailers_reader, options);
        request.set_method(&self.method).map_err(|()| "no method".to_owned())?;
        request.set_scheme(Some(&self.scheme)).map_err(|()| "no scheme".to_owned())?;
        request.set_authority(Some(&self.authority)).map_err(|()| "no authority".to_owned())?;
        request.set_path_with_query(Some(&self.path)).map_err(|()| "no path".to_owned())?;
        let mut pending: Pin<Box<dyn Future<Output = _>>> = Box::pin(client::send(request));
        // Begins it, in the task that is running: a blocking call would not return before its own were over.
        let answered = match pending.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answered) => Some(answered),
            Poll::Pending => None,
        };
        Ok(Sent { body: writer, trailers, pending, answered })
    }
}

impl Sent {
    /// Writes to the body, and waits until the host took it.
    ///
    /// # Errors
    /// Why the host takes no more.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let Some(body) = &mut self.body else { return Err("there is no body".to_owned()) };
        let left = block_on(body.write_all(bytes.to_vec()));
        if left.is_empty() { Ok(()) } else { Err("closed".to_owned()) }
    }

    /// Ends the body with these trailers, and reads the answer.
    ///
    /// # Errors
    /// What the host said instead.
    pub fn finish(mut self, trailers: &[(&str, &str)]) -> Result<Got, String> {
        let with_body = self.body.take().is_some();
        let fields = with_body.then(Fields::new);
        for (fields, (name, value)) in fields.iter().flat_map(|fields| trailers.iter().map(move |pair| (fields, pair)))
        {
            // One that is refused here is one less; those that are not are what the test looks for.
            let _ = fields.append(name, value.as_bytes());
        }
        let Self { trailers, pending, answered, .. } = self;
        // Nobody takes them where the request has failed.
        let _ = block_on(trailers.write(Ok(fields)));
        let response = match answered {
            Some(answered) => answered,
            None => block_on(pending),
        };
        let response = response.map_err(|code| text(&code))?;
        let headers = response.get_headers().copy_all().into_iter();
        let headers = headers.map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned())).collect();
        let status = response.get_status_code();
        let (body, broken) = block_on(read(response));
        Ok(Got { status, headers, body, broken })
    }
}

async fn read(response: Response) -> (Vec<u8>, Option<String>) {
    let (_processed, processed_reader) = wit_future::new(|| Ok(()));
    let (mut stream, end) = Response::consume_body(response, processed_reader);
    let mut bytes = Vec::new();
    loop {
        let (result, more) = stream.read(Vec::with_capacity(64 << 10)).await;
        bytes.extend(more);
        if result == StreamResult::Dropped {
            return (bytes, end.await.err().map(|code| text(&code)));
        }
    }
}
