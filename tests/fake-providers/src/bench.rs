//! The model `bench`: fixed answers, written out once, so that a load test measures the runtime and not
//! this crate. The key is still checked; the body is only searched for the few words that matter.

use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use memchr::memmem;
use serde_json::{Value, json};

use crate::incoming::Incoming;
use crate::reply::{Body, Reply};
use crate::{Wire, anthropic, gemini, openai};

/// Text chunks of the stream: two are "You" and " said:".
const CHUNKS: usize = 100;
/// Any key does, while an answer is made for keeping.
const KEY: &str = "bench";

/// One wire's answers.
struct Fixed {
    plain: Bytes,
    stream: Bytes,
    stream_with_usage: Bytes,
}

static OPENAI: LazyLock<Fixed> = LazyLock::new(|| {
    let made = |content: &str, rest: Value| {
        let mut body = json!({"model": "bench", "messages": [{"role": "user", "content": content}]});
        merge(&mut body, rest);
        made(openai::answer, "/v1/chat/completions", None, &body)
    };
    let options =
        |usage: bool| json!({"stream": true, "stream_options": {"include_usage": usage, "include_obfuscation": false}});
    Fixed {
        plain: made(SHORT, json!({})),
        stream: made(&long(), options(false)),
        stream_with_usage: made(&long(), options(true)),
    }
});

static ANTHROPIC: LazyLock<Fixed> = LazyLock::new(|| {
    let made = |content: &str, stream: bool| {
        let message = json!({"role": "user", "content": content});
        let body = json!({"model": "bench", "max_tokens": 1024, "stream": stream, "messages": [message]});
        made(anthropic::answer, "/v1/messages", None, &body)
    };
    let stream = made(&long(), true);
    Fixed { plain: made(SHORT, false), stream_with_usage: stream.clone(), stream }
});

static GEMINI: LazyLock<Fixed> = LazyLock::new(|| {
    let made = |content: &str, call: &str, query: Option<&str>| {
        let body = json!({"contents": [{"role": "user", "parts": [{"text": content}]}]});
        made(gemini::answer, &format!("/v1beta/models/bench:{call}"), query, &body)
    };
    let stream = made(&long(), "streamGenerateContent", Some("alt=sse"));
    Fixed { plain: made(SHORT, "generateContent", None), stream_with_usage: stream.clone(), stream }
});

const SHORT: &str = "the quick brown fox jumps over the lazy dog";

/// None where the request is not for `bench`, has a wrong key, or is not a POST to its wire's chat: then
/// the ordinary way answers it.
pub(crate) fn answer(wire: Wire, incoming: &Incoming<'_>) -> Option<Reply> {
    if *incoming.method != Method::POST {
        return None;
    }
    match wire {
        Wire::OpenAi => {
            let ours = incoming.path == "/v1/chat/completions" && has(incoming, "model", b"\"bench\"");
            (ours && openai::authorise(incoming).is_ok()).then(|| {
                if !has(incoming, "stream", b"true") {
                    json_reply(&OPENAI.plain)
                } else if has(incoming, "include_usage", b"true") {
                    events(&OPENAI.stream_with_usage)
                } else {
                    events(&OPENAI.stream)
                }
            })
        }
        Wire::Anthropic => {
            let ours = incoming.path == "/v1/messages" && has(incoming, "model", b"\"bench\"");
            (ours && anthropic::authorise(incoming).is_ok()).then(|| match has(incoming, "stream", b"true") {
                true => events(&ANTHROPIC.stream),
                false => json_reply(&ANTHROPIC.plain),
            })
        }
        Wire::Gemini => {
            let call = incoming.path.strip_prefix("/v1beta/models/bench:")?;
            gemini::authorise(incoming).ok()?;
            match call {
                "generateContent" => Some(json_reply(&GEMINI.plain)),
                "streamGenerateContent" if incoming.query("alt") == Some("sse") => Some(events(&GEMINI.stream)),
                _ => None,
            }
        }
        // Nothing is measured before these.
        Wire::Ollama | Wire::Desk => None,
    }
}

fn json_reply(bytes: &Bytes) -> Reply {
    Reply::typed(200, "application/json", Body::Whole(bytes.clone()))
}

/// In chunked encoding, as a real stream is, and in one write.
fn events(bytes: &Bytes) -> Reply {
    Reply::typed(200, "text/event-stream", Body::Chunks(vec![bytes.clone()]))
}

/// Whether `"name": value` stands anywhere in the body. Within a JSON string it can't: quotes are escaped.
fn has(incoming: &Incoming<'_>, name: &str, value: &[u8]) -> bool {
    memmem::find_iter(incoming.body, name).any(|at| {
        let before = incoming.body.get(..at).unwrap_or_default();
        let after = incoming.body.get(at + name.len()..).unwrap_or_default();
        let value_of = || {
            let after = after.strip_prefix(b"\"")?.trim_ascii_start().strip_prefix(b":")?;
            Some(after.trim_ascii_start().starts_with(value))
        };
        before.ends_with(b"\"") && value_of() == Some(true)
    })
}

/// What the ordinary way answers.
fn made(answer: impl Fn(&Incoming<'_>) -> Reply, path: &str, query: Option<&str>, body: &Value) -> Bytes {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json"),
        ("authorization", "Bearer bench"),
        ("x-api-key", KEY),
        ("anthropic-version", "2023-06-01"),
        ("x-goog-api-key", KEY),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let body = Bytes::from(body.to_string());
    let reply = answer(&Incoming { method: &Method::POST, path, query, headers: &headers, body: &body, key: KEY });
    match reply.body {
        Body::Whole(bytes) => bytes,
        Body::Chunks(chunks) => chunks.concat().into(),
        _ => Bytes::new(),
    }
}

fn long() -> String {
    (3..=CHUNKS).map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
}

fn merge(body: &mut Value, rest: Value) {
    if let (Some(body), Value::Object(rest)) = (body.as_object_mut(), rest) {
        body.extend(rest);
    }
}
