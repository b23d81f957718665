//! Which connections are used again, and who keeps them going.

use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::*;

const FINE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine";

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    (listener, origin)
}

/// Reads a request that has no body; false where the client left.
async fn request(stream: &mut TcpStream) -> bool {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => read.push(byte),
            Err(_) => return false,
        }
    }
    true
}

#[tokio::test]
async fn one_connection_serves_request_after_request() {
    let upstream = Upstream::start(None).await;
    let egress = egress(&[&upstream.origin()], None);
    for path in ["/", "/redirect", "/"] {
        let answer = send(&egress, get(&format!("{}{path}", upstream.origin()))).await.unwrap();
        answer.into_body().collect().await.unwrap();
    }
    assert!(upstream.saw().iter().all(|saw| saw.connection == 0), "{:?}", upstream.saw());
}

#[tokio::test]
async fn a_connection_whose_answer_was_left_is_closed_and_not_used_again() {
    let upstream = Upstream::start(None).await;
    let egress = egress(&[&upstream.origin()], None);
    drop(send(&egress, get(&format!("{}/long", upstream.origin()))).await.unwrap());
    assert_eq!(text(send(&egress, get(&upstream.origin())).await.unwrap()).await, "fine");
    assert_eq!(upstream.saw().last().unwrap().connection, 1);
}

#[tokio::test]
async fn an_end_that_has_come_needs_nobody_to_read_it() {
    let (listener, origin) = listener().await;
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for _ in 0..2 {
            assert!(request(&mut stream).await);
            let answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
        stream
    });
    let egress = egress(&[&origin], None);
    for _ in 0..2 {
        let mut body = send(&egress, get(&origin)).await.unwrap().into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "fine");
        drop(body);
    }
    serving.await.unwrap();
}

#[tokio::test]
async fn a_kept_connection_that_its_upstream_closed_makes_room_for_a_new_one() {
    let (listener, origin) = listener().await;
    let ((close, asked), (closing, closed)) = (oneshot::channel::<()>(), oneshot::channel());
    let serving = tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        assert!(request(&mut first).await);
        first.write_all(FINE).await.unwrap();
        asked.await.unwrap();
        drop(first);
        closing.send(()).unwrap();
        let (mut second, _) = listener.accept().await.unwrap();
        assert!(request(&mut second).await);
        second.write_all(FINE).await.unwrap();
        second
    });
    let egress = egress(&[&origin], None);
    assert_eq!(text(send(&egress, get(&origin)).await.unwrap()).await, "fine");
    close.send(()).unwrap();
    closed.await.unwrap();
    // Whatever else happens on a socket is seen no earlier than that one was closed.
    Upstream::start(None).await.is_reached().await;
    assert_eq!(text(send(&egress, get(&origin)).await.unwrap()).await, "fine");
    serving.await.unwrap();
}

#[tokio::test]
async fn bytes_that_nobody_asked_for_end_a_kept_connection() {
    let (listener, origin) = listener().await;
    let serving = tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        assert!(request(&mut first).await);
        // A second answer, ready for whoever asks next.
        first.write_all(&[FINE, b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"].concat()).await.unwrap();
        let (mut second, _) = listener.accept().await.unwrap();
        assert!(request(&mut second).await);
        second.write_all(FINE).await.unwrap();
        (first, second)
    });
    let egress = egress(&[&origin], None);
    assert_eq!(text(send(&egress, get(&origin)).await.unwrap()).await, "fine");
    assert_eq!(text(send(&egress, get(&origin)).await.unwrap()).await, "fine");
    serving.await.unwrap();
}

#[tokio::test]
async fn a_request_goes_on_after_an_early_answer_that_nobody_reads() {
    const CHUNKED: &[u8; 14] = b"4\r\nlate\r\n0\r\n\r\n";
    let (listener, origin) = listener().await;
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(request(&mut stream).await);
        stream.write_all(FINE).await.unwrap();
        let mut rest = [0; CHUNKED.len()];
        stream.read_exact(&mut rest).await.unwrap();
        rest
    });
    let (go_on, gone_on) = oneshot::channel::<()>();
    let late = futures_util::stream::once(async {
        gone_on.await.unwrap();
        Ok(Frame::data(Bytes::from_static(b"late")))
    });
    let mut request = get(&origin).map(|_| StreamBody::new(late).boxed_unsync());
    *request.method_mut() = Method::POST;
    let egress = egress(&[&origin], None);
    let answer = send(&egress, request).await.unwrap();
    go_on.send(()).unwrap();
    assert_eq!(&serving.await.unwrap(), CHUNKED);
    drop(answer);
}
