//! Upstreams that are slow, broken or malicious on the wire: the client gets a clear answer, nothing hangs, and nothing is kept.

use bytes::Bytes;
use caisson_e2e::{Answer, Caisson, Item, OPENAI, PROVIDERS, Provider, RawUpstream, Then, Transcript, adapter, say};
use serde_json::Value;

/// An adapter whose provider is an upstream that writes what a test says.
struct Scene {
    provider: Provider,
    caisson: Caisson,
    upstream: RawUpstream,
}

impl Scene {
    async fn start(provider: Provider, limits: &[(&str, u64)]) -> Self {
        let (caisson, upstream) = tokio::join!(Caisson::start(), RawUpstream::start());
        let push = caisson.push(provider.name, adapter(provider.name)).set("base-url", upstream.origin());
        let push = push.credential("api-key", "sk-of-nobody-0123456789").grant_requested();
        limits.iter().fold(push, |push, (name, value)| push.limit(name, *value)).await;
        Self { provider, caisson, upstream }
    }

    async fn whole(&self) -> Answer {
        self.caisson.chat(say(self.provider.model(), "x")).await
    }

    /// What a stream comes to: its transcript, or the answer that was no stream.
    async fn streamed(&self) -> Result<Transcript, Answer> {
        let streaming = self.caisson.stream(say(self.provider.model(), "x")).await;
        if streaming.status == 200 { Ok(streaming.rest().await) } else { Err(streaming.whole().await) }
    }

    fn stream(&self, framing: &str) -> Vec<u8> {
        let body = [self.provider.opening(), self.provider.word("ahoy"), self.provider.ending()].concat();
        [&head(framing, "text/event-stream")[..], &body].concat()
    }

    /// The next request, whole and streamed, is answered as ever, and no connection is left over.
    async fn goes_on(&self) {
        let body = self.provider.whole("ahoy").to_string();
        let framing = format!("content-length: {}\r\n", body.len());
        self.upstream.answer([&head(&framing, "application/json")[..], body.as_bytes()].concat(), Then::Close);
        assert_eq!(self.whole().await.content(), "ahoy", "{}", self.provider.name);
        self.upstream.answer(self.stream(""), Then::Close);
        let transcript = self.streamed().await.unwrap();
        assert!(transcript.is_done() && transcript.content() == "ahoy", "{transcript:?}");
        self.upstream.is_left().await;
    }
}

fn head(framing: &str, content_type: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{framing}\r\n").into()
}

/// An answer that says what went wrong, as a server's error.
#[track_caller]
fn is_clear(answer: &Answer) -> Value {
    assert!(answer.status >= 500, "{}: {}", answer.status, answer.text());
    let error = answer.json()["error"].take();
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
    assert_ne!(answer.status, 500, "{error}");
    error
}

/// The deadline's own error, or the adapter's, which waits as long as it has left and so may be the first to notice.
#[track_caller]
fn is_late(error: &Value) {
    assert!(error["code"] == "deadline_exceeded" || error["code"] == "upstream_timeout", "{error}");
}

/// A stream that broke off says so in its last event.
#[track_caller]
fn is_clear_at_its_end(outcome: &Result<Transcript, Answer>) {
    match outcome {
        Err(answer) => drop(is_clear(answer)),
        Ok(transcript) => {
            let Some(Item::Chunk(last)) = transcript.items.last() else { panic!("{transcript:?}") };
            assert!(last["error"]["message"].is_string(), "{last}");
            assert!(!transcript.items.contains(&Item::Done));
        }
    }
}

#[tokio::test]
async fn silence_at_any_point_is_ended_by_the_deadline() {
    for provider in PROVIDERS {
        let scene = Scene::start(provider, &[("timeout-ms", 1500)]).await;
        let json = head("content-length: 1000\r\n", "application/json");
        for said in [&b""[..], b"HTTP/1.1 200 OK\r\nx: ", &json, &[&json[..], b"{\"id\":"].concat()] {
            scene.upstream.answer(said.to_vec(), Then::Hold);
            let answer = scene.whole().await;
            is_late(&is_clear(&answer));
            assert_eq!(answer.status, 504);
            scene.upstream.is_left().await;
        }
        let stream = head("", "text/event-stream");
        for said in [stream.clone(), [&stream[..], &provider.opening(), &provider.word("ahoy")].concat()] {
            scene.upstream.answer(said, Then::Hold);
            match scene.streamed().await {
                Ok(transcript) => {
                    let Some(Item::Chunk(last)) = transcript.items.last() else { panic!("{transcript:?}") };
                    is_late(&last["error"]);
                }
                Err(answer) => is_late(&is_clear(&answer)),
            }
            scene.upstream.is_left().await;
        }
        scene.goes_on().await;
    }
}

#[tokio::test]
async fn a_stream_without_end_is_ended_by_its_bytes() {
    for provider in PROVIDERS {
        let scene = Scene::start(provider, &[("egress-bytes-in", 1 << 20)]).await;
        let beginning = [&head("", "text/event-stream")[..], &provider.opening()].concat();
        for piece in [provider.word("more "), Bytes::from_static(b": a comment\n\n"), Bytes::from_static(b"\n")] {
            scene.upstream.answer(beginning.clone(), Then::Repeat(piece));
            let transcript = scene.streamed().await.unwrap();
            transcript.expect_error("egress_exhausted");
            scene.upstream.is_left().await;
        }
        scene.goes_on().await;
    }
}

#[tokio::test]
async fn a_line_without_end_is_not_collected_without_end() {
    for provider in PROVIDERS {
        let scene = Scene::start(provider, &[]).await;
        let beginning = [&head("", "text/event-stream")[..], &provider.opening(), b"data: "].concat();
        scene.upstream.answer(beginning, Then::Repeat(vec![b'x'; 1 << 20].into()));
        is_clear_at_its_end(&scene.streamed().await);
        scene.upstream.is_left().await;
        scene.upstream.answer(head("", "application/json"), Then::Repeat(vec![b'x'; 1 << 20].into()));
        is_clear(&scene.whole().await);
        scene.upstream.is_left().await;
        scene.goes_on().await;
    }
}

/// Cuts a whole answer after each of its bytes.
async fn cut_whole_answers(provider: Provider) {
    let scene = Scene::start(provider, &[]).await;
    let body = provider.whole("ahoy").to_string();
    let framing = format!("content-length: {}\r\n", body.len());
    for framing in ["", &framing] {
        let answer = [&head(framing, "application/json")[..], body.as_bytes()].concat();
        for end in 0..answer.len() {
            let then = if end % 2 == 0 { Then::Close } else { Then::Reset };
            scene.upstream.answer(answer[..end].to_vec(), then);
            is_clear(&scene.whole().await);
        }
    }
    scene.goes_on().await;
}

/// Cuts a stream after each of its bytes.
async fn cut_streams(provider: Provider) {
    let scene = Scene::start(provider, &[]).await;
    let answer = scene.stream("");
    for end in 0..answer.len() {
        let then = if end % 2 == 0 { Then::Close } else { Then::Reset };
        scene.upstream.answer(answer[..end].to_vec(), then);
        let outcome = scene.streamed().await;
        match &outcome {
            // The provider's last event was there, and only the connection's end was not.
            Ok(transcript) if transcript.is_done() => {
                assert_eq!(transcript.content(), "ahoy", "after {end} of {} bytes", answer.len());
                assert_eq!(transcript.finish_reasons(), ["stop"]);
            }
            _ => is_clear_at_its_end(&outcome),
        }
    }
    scene.goes_on().await;
}

#[tokio::test]
async fn an_answer_of_openai_that_is_cut_anywhere_is_an_error() {
    cut_whole_answers(PROVIDERS[0]).await;
}

#[tokio::test]
async fn an_answer_of_anthropic_that_is_cut_anywhere_is_an_error() {
    cut_whole_answers(PROVIDERS[1]).await;
}

#[tokio::test]
async fn an_answer_of_gemini_that_is_cut_anywhere_is_an_error() {
    cut_whole_answers(PROVIDERS[2]).await;
}

#[tokio::test]
async fn a_stream_of_openai_that_is_cut_anywhere_ends_in_an_error() {
    cut_streams(PROVIDERS[0]).await;
}

#[tokio::test]
async fn a_stream_of_anthropic_that_is_cut_anywhere_ends_in_an_error() {
    cut_streams(PROVIDERS[1]).await;
}

#[tokio::test]
async fn a_stream_of_gemini_that_is_cut_anywhere_ends_in_an_error() {
    cut_streams(PROVIDERS[2]).await;
}

#[tokio::test]
async fn what_is_no_http_is_the_upstreams_fault() {
    let many_headers: String = (0..10_000).map(|n| format!("x-{n}: x\r\n")).collect();
    let long_header = format!("x: {}\r\n", "x".repeat(1 << 20));
    for provider in PROVIDERS {
        let scene = Scene::start(provider, &[]).await;
        let status = |rest: &str| format!("HTTP/1.1 200 OK\r\n{rest}");
        for (bytes, then) in [
            ("SSH-2.0-OpenSSH_9.9\r\n".into(), Then::Hold),
            ("<html>HTTP/0.9 has no head</html>".into(), Then::Close),
            ("\0\0\0\u{ff}\u{16}\u{3}".repeat(1000), Then::Hold),
            (status("content-length: -1\r\n\r\n{}"), Then::Hold),
            (status("content-length: 2\r\ncontent-length: 3\r\n\r\n{} "), Then::Hold),
            (status("transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{"), Then::Close),
            (status("transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{"), Then::Hold),
            (status("transfer-encoding: chunked\r\n\r\n-2\r\n{}"), Then::Hold),
            (status("transfer-encoding: gzip\r\n\r\n{}"), Then::Close),
            (status("content-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}"), Then::Close),
            (status(&format!("{many_headers}\r\n")), Then::Hold),
            (status(&format!("{long_header}\r\n")), Then::Hold),
            (status("x: "), Then::Repeat(vec![b'x'; 1 << 16].into())),
            (String::new(), Then::Repeat("HTTP/1.1 100 Continue\r\n\r\n".repeat(1000).into())),
            ("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".into(), Then::Close),
        ] {
            let said = bytes.get(..40).unwrap_or(&bytes).to_owned();
            scene.upstream.answer(bytes.clone(), then.clone());
            let error = is_clear(&scene.whole().await);
            assert!(error["type"] == "server_error", "{} {said:?}: {error}", provider.name);
            scene.upstream.is_left().await;
            scene.upstream.answer(bytes, then);
            is_clear_at_its_end(&scene.streamed().await);
            scene.upstream.is_left().await;
        }
        scene.goes_on().await;
    }
}

#[tokio::test]
async fn a_redirect_is_followed_nowhere_and_no_cookie_reaches_the_client() {
    for provider in PROVIDERS {
        let (scene, other) = tokio::join!(Scene::start(provider, &[]), RawUpstream::start());
        for location in
            ["http://169.254.169.254/latest/meta-data/", other.origin(), "//127.0.0.1/", "file:///etc/passwd"]
        {
            for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
                let answer = format!("HTTP/1.1 {status}\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
                scene.upstream.answer(answer, Then::Close);
                is_clear(&scene.whole().await);
            }
        }
        assert_eq!(other.accepted(), 0);
        let body = provider.whole("ahoy").to_string();
        let framing = format!(
            "set-cookie: a=b\r\nx-caisson-fuel: 0\r\nserver: evil\r\nconnection: x-request-id\r\ncontent-length: {}\r\n",
            body.len()
        );
        scene.upstream.answer([&head(&framing, "application/json")[..], body.as_bytes()].concat(), Then::Close);
        let answer = scene.whole().await;
        assert_eq!(answer.content(), "ahoy");
        assert!(!answer.headers.contains_key("set-cookie") && !answer.headers.contains_key("server"));
        assert!(answer.receipt().fuel > 0 && answer.headers.contains_key("x-request-id"));
        scene.goes_on().await;
    }
}

#[tokio::test]
async fn an_upstream_that_does_not_read_is_ended_by_the_deadline() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let caisson = Caisson::start().await;
    let push = caisson
        .push("openai", adapter("openai"))
        .set("base-url", &origin)
        .credential("api-key", "sk-of-nobody-0123456789");
    push.grant_requested().limit("timeout-ms", 1500).await;
    let long = "x".repeat(16 << 20);
    is_late(&is_clear(&caisson.chat(say(OPENAI.model(), &long)).await));
    drop(listener);
    caisson.chat(say(OPENAI.model(), "x")).await.expect_error(502, "upstream_error");
}
