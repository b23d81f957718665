//! Begins requests whose bodies are streams, writes a mebibyte to each, and waits for none.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use caisson_sdk::bindings::wasi::http::client::send;
use caisson_sdk::bindings::wasi::http::types::{Fields, Method, Request, Scheme};
use caisson_test_guests::tasks::*;

/// The attack.
pub struct BodyStreams;

impl Attack for BodyStreams {
    const NAME: &'static str = "body-streams";

    async fn before_answer(context: Context) {
        let authority = context.base_url("").trim_start_matches("http://").to_owned();
        let mut sending: Vec<Pin<Box<dyn Future<Output = ()>>>> =
            (0..64).map(|_| Box::pin(upload(authority.clone())) as _).collect();
        poll_fn(|cx| {
            for upload in &mut sending {
                let _ = upload.as_mut().poll(cx);
            }
            Poll::<()>::Pending
        })
        .await;
    }
}

/// Sends one request, and ends never.
async fn upload(authority: String) {
    let (mut writer, reader) = wit_stream::new::<u8>();
    let (trailers, trailers_reader) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(Fields::new(), Some(reader), trailers_reader, None);
    let _ = request.set_method(&Method::Post);
    let _ = request.set_scheme(Some(&Scheme::Http));
    let _ = request.set_authority(Some(&authority));
    let (mut answer, mut answered) = (Box::pin(send(request)), false);
    let mut body = Box::pin(async move {
        loop {
            writer.write_all(vec![1; 256 << 10]).await;
            wait_for(1_000_000).await;
        }
    });
    poll_fn(|cx| {
        answered = answered || answer.as_mut().poll(cx).is_ready();
        body.as_mut().poll(cx)
    })
    .await;
    drop(trailers);
}

caisson_test_guests::export_tasks!(BodyStreams);
