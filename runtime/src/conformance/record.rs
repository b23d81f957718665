//! Makes a case's file out of a real exchange: a client's request runs against the real provider, and what passed is written down.
//!
//! No secret gets into a file: the tap sees credentials' stand-ins only, what comes back is scrubbed already, and of headers those that
//! tell of a session or an account are left out. What a provider says in its bodies is kept as it is.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::case::{Case, Client, Endpoint, Mistake};
use super::report::Report;
use super::run::{self, Got, Subject, Verdict};
use super::transcript::Transcript;
use crate::deployments::{Change, ChangeError, Component, Spec};
use crate::egress::{Network, Passing, Tap};

/// Headers of a request that say nothing of the provider's API, or that the host writes.
const PLAIN_HEADERS: [&str; 8] =
    ["accept", "accept-encoding", "connection", "content-length", "host", "te", "traceparent", "user-agent"];
/// What the name of a header that may hold a secret has in it. The credential's own is known and stays.
const TELLING: [&str; 8] = ["auth", "cookie", "credential", "key", "password", "secret", "session", "token"];
/// Headers of a reply that adapters go by.
const KEPT_HEADERS: [&str; 4] = ["content-type", "retry-after", "retry-after-ms", "x-should-retry"];

/// What is to be recorded.
pub struct Recording {
    /// The client's request; the model without a deployment's prefix.
    pub request: Value,
    /// Whether it's for embeddings.
    pub embeddings: bool,
    /// What the case shows.
    pub shows: String,
    /// Settings, which the case gets as well.
    pub settings: BTreeMap<String, String>,
    /// What is granted.
    pub change: Change,
}

/// Why nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// What is granted makes no deployment.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The request has no model.
    #[error("the request is to be a JSON object with a string `model`")]
    Request,
    /// The adapter broke.
    #[error("there is nothing to record: {0}")]
    Fault(String),
    /// What was written is no case: our mistake.
    #[error("what was recorded can't be written as a case")]
    Mistake(#[from] Mistake),
}

/// Runs the request against the real provider; gives the case's file, and what came of playing it.
pub async fn record(
    component: &Arc<Component>,
    network: Network,
    recording: Recording,
) -> Result<(String, Report), RecordError> {
    let Recording { request, embeddings, shows, settings, change } = recording;
    if !request["model"].is_string() {
        return Err(RecordError::Request);
    }
    let spec = Spec::default().changed(change, component)?;
    let tape = Arc::new(Tape::default());
    let path = if embeddings { Endpoint::Embeddings } else { Endpoint::Chat };
    let client = Client { path, headers: HeaderMap::new(), body: request };
    let got = async {
        let response =
            run::ask(component, &spec, &network.watched_by(Arc::clone(&tape) as Arc<dyn Tap>), &client).await?;
        run::receive(response, None).await
    };
    let got = got.await.map_err(RecordError::Fault)?;
    if let Some(fault) = got.fault() {
        return Err(RecordError::Fault(fault));
    }
    let text = write(&shows, &settings, &client, &tape.exchanges(), &got);
    let case = Case::parse("recorded", &text)?;
    let mut report = Report::default();
    let subject = Subject { component: Arc::clone(component), limits: run::limits(component.language.limits()) };
    let verdict: Verdict = run::play(&subject, &case).await;
    report.add("recorded", "case", &case.shows, verdict);
    Ok((text, report))
}

/// What passed.
#[derive(Default)]
struct Tape(Mutex<Vec<Taped>>);

#[derive(Clone)]
struct Taped {
    method: Method,
    path: String,
    headers: HeaderMap,
    sent: Vec<u8>,
    /// None where there was no answer.
    head: Option<(StatusCode, HeaderMap)>,
    received: Vec<Bytes>,
    broken: bool,
}

impl Tape {
    fn exchanges(&self) -> Vec<Taped> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Tap for Tape {
    fn begin(&self, method: &Method, url: &Url, headers: &HeaderMap) -> usize {
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let mut tape = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tape.push(Taped {
            method: method.clone(),
            path,
            headers: headers.clone(),
            sent: Vec::new(),
            head: None,
            received: Vec::new(),
            broken: false,
        });
        tape.len() - 1
    }

    fn note(&self, exchange: usize, what: Passing<'_>) {
        let mut tape = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(taped) = tape.get_mut(exchange) else { return };
        match what {
            Passing::Sent(bytes) => taped.sent.extend_from_slice(bytes),
            Passing::Unanswered => {}
            Passing::Head(status, headers) => taped.head = Some((status, headers.clone())),
            Passing::Received(bytes) => taped.received.push(bytes.clone()),
            Passing::Broken => taped.broken = true,
        }
    }
}

fn write(shows: &str, settings: &BTreeMap<String, String>, client: &Client, exchanges: &[Taped], got: &Got) -> String {
    let mut file = format!("shows = {}\n", quoted(shows));
    let mut line = |line: std::fmt::Arguments<'_>| {
        // A string takes whatever is written to it.
        let _ = file.write_fmt(format_args!("{line}\n"));
    };
    if !settings.is_empty() {
        let pairs: Vec<String> =
            settings.iter().map(|(name, value)| format!("{} = {}", quoted(name), quoted(value))).collect();
        line(format_args!("\n[adapter]\nsettings = {{ {} }}", pairs.join(", ")));
    }
    line(format_args!("\n[client]"));
    if client.path == Endpoint::Embeddings {
        line(format_args!("to = \"embeddings\""));
    }
    line(format_args!("body = {}", json(&client.body)));
    for Taped { method, path, headers, sent, head, received, broken } in exchanges {
        line(format_args!("\n[[exchange]]\n[exchange.request]\nmethod = {}", quoted(method.as_str())));
        line(format_args!("path = {}", quoted(path)));
        let kept = header_table(headers, |name, value| {
            value.contains("secret-of-")
                || !(PLAIN_HEADERS.contains(&name) || TELLING.iter().any(|part| name.contains(part)))
        });
        line(format_args!("headers = {kept}"));
        if let Ok(body) = serde_json::from_slice::<Value>(sent) {
            line(format_args!("body = {}", json(&body)));
        }
        line(format_args!("\n[exchange.reply]"));
        let Some((status, headers)) = head else {
            line(format_args!("refused = true"));
            continue;
        };
        line(format_args!("status = {}", status.as_u16()));
        line(format_args!("headers = {}", header_table(headers, |name, _| KEPT_HEADERS.contains(&name))));
        match received.as_slice() {
            [] => {}
            [whole] => line(format_args!("body = {}", whole_body(whole))),
            pieces => {
                let pieces: Vec<String> = pieces.iter().map(|piece| format!("  {},\n", bytes(piece))).collect();
                line(format_args!("body = [\n{}]", pieces.concat()));
            }
        }
        if *broken {
            line(format_args!("ends = \"broken\""));
        }
    }
    line(format_args!("\n{}", expected(got).trim_end()));
    file
}

fn expected(got: &Got) -> String {
    if got.status == StatusCode::OK && got.is_stream() {
        let steps: Vec<String> = Transcript::of(&got.body).steps.iter().map(|step| format!("  {step}")).collect();
        return format!("[expect]\nstream = {}\n", literal(&format!("[\n{}\n]\n", steps.join(",\n"))));
    }
    let mut answer = got.json();
    let Some(error) = answer.get("error") else {
        if let Value::Object(answer) = &mut answer {
            answer.remove("created");
        }
        return format!("[expect]\nanswer = {}\n", json(&answer));
    };
    let mut text = format!("[expect.error]\nstatus = {}\n", got.status.as_u16());
    for field in ["type", "code", "param", "message"] {
        if let Some(value) = error[field].as_str() {
            let _ = writeln!(text, "{field} = {}", quoted(value));
        }
    }
    let retry = got.headers.get("retry-after-ms").and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
    if let Some(ms) = retry {
        let _ = writeln!(text, "retry-after-ms = {ms}");
    }
    text
}

fn header_table(headers: &HeaderMap, keep: impl Fn(&str, &str) -> bool) -> String {
    let mut pairs = BTreeMap::new();
    for (name, value) in headers {
        if let Ok(value) = value.to_str()
            && keep(name.as_str(), value)
        {
            pairs.insert(name.as_str(), quoted(value));
        }
    }
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("\"{name}\" = {value}")).collect();
    if pairs.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", pairs.join(", ")) }
}

/// JSON over lines.
fn json(value: &Value) -> String {
    literal(&format!("{}\n", serde_json::to_string_pretty(value).unwrap_or_default()))
}

fn whole_body(body: &Bytes) -> String {
    match std::str::from_utf8(body) {
        Ok(text) => literal(text),
        Err(_) => format!("[{}]", bytes(body)),
    }
}

fn bytes(piece: &Bytes) -> String {
    match std::str::from_utf8(piece) {
        Ok(text) => quoted(text),
        Err(_) => format!("{{ base64 = \"{}\" }}", base64::prelude::BASE64_STANDARD.encode(piece)),
    }
}

/// A text as it is, over lines, where TOML has a way to write it so.
fn literal(text: &str) -> String {
    let plain = |c: char| c == '\n' || c == '\t' || !c.is_control();
    if text.contains("'''") || text.ends_with('\'') || !text.chars().all(plain) {
        return quoted(text);
    }
    format!("'''\n{text}'''")
}

/// A TOML string on one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    fn got(content_type: &'static str, body: &str) -> Got {
        let headers =
            HeaderMap::from_iter([(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type))]);
        Got::new(StatusCode::OK, headers, body.as_bytes().to_vec())
    }

    fn tape(pieces: &[&[u8]]) -> Vec<Taped> {
        let headers =
            [("x-api-key", "secret-of-api-key"), ("cookie", "sid=1"), ("x-session-token", "t"), ("x-version", "1")];
        let headers =
            headers.map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)));
        let tape = Tape::default();
        let url = Url::parse("https://api.example.com/v1?key=secret-of-api-key").unwrap();
        let exchange = tape.begin(&Method::POST, &url, &HeaderMap::from_iter(headers.clone()));
        tape.note(exchange, Passing::Sent(&Bytes::from_static(b"{\"a\": ")));
        tape.note(exchange, Passing::Sent(&Bytes::from_static(b"1}")));
        tape.note(exchange, Passing::Head(StatusCode::OK, &HeaderMap::from_iter(headers)));
        for piece in pieces {
            tape.note(exchange, Passing::Received(&Bytes::copy_from_slice(piece)));
        }
        tape.exchanges()
    }

    #[test]
    fn what_is_written_reads_as_what_passed_byte_for_byte() {
        let bodies: [&[&[u8]]; 5] = [
            &[b"data: one\n\n", b"data: \xf0\x9f", b"\x98\x80\r\n\n"],
            &[b"\n{\"whole\": 'it'''}"],
            &[b"''' \\ \" \x00\x7f\t"],
            &[b"\xff\xfe"],
            &["ends with a quote'".as_bytes()],
        ];
        for pieces in bodies {
            let client =
                Client { path: Endpoint::Chat, headers: HeaderMap::new(), body: serde_json::json!({"model": "'''"}) };
            let settings = BTreeMap::from([("base url".to_owned(), "a\"b".to_owned())]);
            let text = write(
                "it's \"so\"",
                &settings,
                &client,
                &tape(pieces),
                &got("application/json", "{\"created\": 1, \"id\": 2}"),
            );
            let case = Case::parse("written", &text).unwrap_or_else(|mistake| panic!("{mistake}\n{text}"));
            assert_eq!(case.client.body["model"], "'''");
            let super::super::case::Reply::Answer(answer) = &case.exchanges[0].reply else { panic!("{text}") };
            assert_eq!(answer.pieces.len(), pieces.len(), "{text}");
            assert_eq!(answer.bytes(), pieces.concat(), "{text}");
        }
    }

    #[test]
    fn headers_that_may_hold_a_secret_are_left_out_and_the_credentials_stand_in_stays() {
        let client =
            Client { path: Endpoint::Chat, headers: HeaderMap::new(), body: serde_json::json!({"model": "m"}) };
        let text = write("s", &BTreeMap::new(), &client, &tape(&[b"x"]), &got("application/json", "{}"));
        assert!(text.contains("headers = { \"x-api-key\" = \"secret-of-api-key\", \"x-version\" = \"1\" }"), "{text}");
        assert!(!text.contains("sid=1") && !text.contains("session"), "{text}");
    }

    #[test]
    fn a_stream_is_written_as_its_steps() {
        let sse = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"}}]}\n\ndata: [DONE]\n\n";
        let text = expected(&got("text/event-stream", sse));
        assert_eq!(text, "[expect]\nstream = '''\n[\n  {\"delta\":{\"content\":\"ab\"}},\n  \"[DONE]\"\n]\n'''\n");
    }
}
