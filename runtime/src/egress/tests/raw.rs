//! Egress against upstreams that write what they please, and guests that lie about their bodies.

use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// A guest's body in pieces, whose length nobody but the guest tells.
fn pieces(pieces: &'static [&'static str]) -> OutgoingBody {
    let frames = pieces.iter().map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes()))));
    StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync()
}

/// An upstream that answers the first request of its first connection with `answer`, keeps the connection for as long as the other
/// end does, and then gives all that it was sent.
async fn upstream(answer: Vec<u8>) -> (String, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = head(&mut stream).await;
        // The client may have had enough before the answer's end.
        let _ = stream.write_all(&answer).await;
        let _ = stream.read_to_end(&mut read).await;
        read
    });
    (origin, serving)
}

async fn head(stream: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    // The client may leave before it has sent one.
    while !read.ends_with(b"\r\n\r\n")
        && let Ok(byte) = stream.read_u8().await
    {
        read.push(byte);
    }
    read
}

async fn asked(answer: impl Into<Vec<u8>>) -> Result<Response<IncomingBody>, EgressError> {
    let (origin, _serving) = upstream(answer.into()).await;
    send(&egress(&[&origin], None), get(&origin)).await
}

fn post(origin: &str, length: &'static str, body: &'static [&'static str]) -> Request<OutgoingBody> {
    let mut request = get(origin).map(|_| pieces(body));
    *request.method_mut() = Method::POST;
    request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static(length));
    request
}

#[tokio::test]
async fn a_body_is_as_long_as_it_says_or_the_request_fails() {
    for (length, body) in [("5", &["abcdef"][..]), ("5", &["abc", "def"]), ("5", &["abc"]), ("5", &[])] {
        let (origin, serving) = upstream(Vec::new()).await;
        let egress = egress(&[&origin], None);
        let error = send(&egress, post(&origin, length, body)).await.err().unwrap();
        assert!(matches!(error, EgressError::Invalid(_)), "{length} {body:?}: {error:?}");
        // Ends only once the connection is closed.
        serving.await.unwrap();
    }
}

#[tokio::test]
async fn what_follows_a_body_is_not_sent_as_another_request() {
    let (origin, serving) = upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine".into()).await;
    let egress = egress(&[&origin], None);
    // Whether it fails or not depends on which end is first; what arrives doesn't.
    let answer = send(&egress, post(&origin, "3", &["abc", "GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n"])).await;
    drop((answer, egress));
    let arrived = String::from_utf8(serving.await.unwrap()).unwrap();
    assert!(arrived.ends_with("abc") && !arrived.contains("smuggled"), "{arrived}");
}

#[tokio::test]
async fn a_flood_of_interim_answers_ends_the_request() {
    let flood = "HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000);
    let (origin, serving) = upstream(flood.into()).await;
    let egress = egress(&[&origin], None);
    assert!(matches!(send(&egress, get(&origin)).await.err().unwrap(), EgressError::Garbled));
    // Ends only once the connection is closed.
    serving.await.unwrap();
    let few = format!(
        "{}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine",
        "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n".repeat(3)
    );
    assert_eq!(text(asked(few).await.unwrap()).await, "fine");
}

#[tokio::test]
async fn an_answers_head_is_bounded() {
    let many: String = (0..10_000).map(|n| format!("x-{n}: x\r\n")).collect();
    let error = asked(format!("HTTP/1.1 200 OK\r\n{many}\r\n")).await.err().unwrap();
    assert!(matches!(error, EgressError::HeadTooLarge), "{error:?}");
    let error = asked(format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(1 << 20))).await.err().unwrap();
    assert!(matches!(error, EgressError::HeadTooLarge), "{error:?}");
    let fair: String = (0..80).map(|n| format!("x-{n}: {}\r\n", "x".repeat(100))).collect();
    assert!(asked(format!("HTTP/1.1 200 OK\r\n{fair}content-length: 0\r\n\r\n")).await.is_ok());
}

#[tokio::test]
async fn what_is_no_http_is_called_so() {
    for garbage in [
        "SSH-2.0-OpenSSH_9.9\r\n",
        "<html>just the body</html>\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nwhole",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nwhole",
        "HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\nwhole",
        "HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n",
        "HTTP/3.0 200 OK\r\n\r\n",
    ] {
        let error = asked(garbage).await.err().unwrap();
        assert!(matches!(error, EgressError::Garbled), "{garbage:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_body_whose_framing_is_wrong_breaks_off() {
    for body in [
        "transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
        "transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nx",
        "transfer-encoding: chunked\r\n\r\n-1\r\nx",
        "transfer-encoding: chunked\r\n\r\n1\r\nxy\r\n",
        "content-length: 10\r\n\r\nshort",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            head(&mut stream).await;
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{body}").as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
        let answer = send(&egress(&[&origin], None), get(&origin)).await.unwrap();
        let error = answer.into_body().collect().await.err().unwrap();
        assert!(matches!(error, EgressError::Connection(_)), "{body:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_sandbox_waits_for_few_answers_at_one_time() {
    let upstream = Upstream::start(None).await;
    let egress = egress(&[&upstream.origin()], None);
    let meter = Meter::new(EgressLimits { requests: 100, bytes_out: 1000, bytes_in: 10_000_000 });
    let ask = || egress.send(Arc::clone(&meter), get(&format!("{}/long", upstream.origin())), Patience::default());
    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(ask().await.unwrap());
    }
    assert!(matches!(ask().await, Err(EgressError::TooManyAtOnce { limit: 8 })));
    // One that was read to its end makes room, and so does one that was dropped.
    let mut read = answers.pop().unwrap().into_body();
    while read.frame().await.is_some() {}
    let kept = ask().await.unwrap();
    answers.pop();
    let further = ask().await.unwrap();
    assert!(matches!(ask().await, Err(EgressError::TooManyAtOnce { .. })));
    drop((read, kept, further));
}

#[tokio::test]
async fn a_guests_times_are_taken_as_they_are_and_end_nothing_else() {
    for (first_byte, between_bytes) in [
        (Some(Duration::ZERO), None),
        (Some(Duration::from_millis(5)), Some(Duration::MAX)),
        (Some(Duration::MAX), Some(Duration::ZERO)),
    ] {
        // The head and half of the body come at once, and then nothing.
        let head =
            if first_byte == Some(Duration::MAX) { "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf" } else { "" };
        let (origin, serving) = upstream(head.into()).await;
        let egress = egress(&[&origin], None);
        let outcome = egress.send(meter(), get(&origin), Patience { first_byte, between_bytes }).await;
        let error = match outcome {
            Err(error) => error,
            Ok(answer) => answer.into_body().collect().await.err().unwrap(),
        };
        assert!(matches!(error, EgressError::TimedOut), "{error:?}");
        drop(egress);
        serving.abort();
    }
}

#[tokio::test]
async fn a_header_whose_name_is_the_credential_is_dropped() {
    let answer =
        "HTTP/1.1 200 sk-very-secret\r\nX-SK-Very-Secret: 1\r\nx-b: a sk-very-secret\r\ncontent-length: 0\r\n\r\n";
    let (origin, _serving) = upstream(answer.into()).await;
    let response = send(&egress(&[&origin], Some(&origin)), get(&origin)).await.unwrap();
    assert_eq!(response.headers().len(), 1, "{:?}", response.headers());
    assert_eq!(response.headers()["x-b"], "a [credential]");
    assert!(response.extensions().get::<hyper::ext::ReasonPhrase>().is_none());
}

#[tokio::test]
async fn a_credential_follows_neither_the_scheme_nor_the_port() {
    let upstream = Upstream::start(None).await;
    let plain = upstream.origin();
    let egress = egress(&[&plain], Some(&plain.replace("http", "https")));
    send(&egress, get(&plain)).await.unwrap();
    assert!(!upstream.saw()[0].headers.contains_key("x-api-key"));
}
