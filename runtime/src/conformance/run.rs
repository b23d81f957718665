//! Plays one case: a request through the data plane's own routes into a fresh sandbox, with an upstream that the case plays.
//!
//! All of it is what serves requests, but for the listener and for dialling. What a case gives an adapter beside its settings is always
//! the same: the deployment's name is `check`, the credential of slot `api-key` is `secret-of-api-key`, and what `describe` asks for
//! is granted.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use prometheus_client::metrics::gauge::Gauge;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tower_service::Service;

use super::case::{Answer, Case, Client, Exchange, Piece, Reply, Terms};
use super::judge::judge;
use super::matching::{ANY, Difference};
use super::transcript::Transcript;
use super::upstream::Upstream;
use crate::chat::{AdapterInfo, Placement};
use crate::deployments::{BASE_URL, Change, Component, Published, Revision, Snapshot, Spec};
use crate::dispatch::Dispatch;
use crate::egress::{Network, stand_in_for};
use crate::intake::Intake;
use crate::openai::{self, RequestId};
use crate::sandbox::Limits;
use crate::telemetry::Metrics;

/// What the deployment is called.
const DEPLOYMENT: &str = "check";
/// How long one run of a case may take.
const CASE_TIME: Duration = Duration::from_secs(20);
/// The adapter's own timeout, shorter so that it is the one that is told of.
const TIMEOUT_MS: u64 = 15_000;
/// The base URL of an adapter that asks for no host of its own.
const SOME_UPSTREAM: &str = "https://upstream.example";
const MAX_BODY_BYTES: usize = 32 << 20;

/// Codes of errors that are the adapter's fault, and not its answer.
pub(super) const FAULTS: [&str; 7] = [
    "adapter_trap",
    "answer_too_large",
    "deadline_exceeded",
    "egress_denied",
    "fuel_exhausted",
    "malformed_answer",
    "memory_exhausted",
];
pub(super) const NO_FAULT: &str = "an answer, or an error of the contract's kinds";

/// Who is checked, and under which limits.
pub(super) struct Subject {
    pub(super) component: Arc<Component>,
    pub(super) limits: Limits,
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    /// The case doesn't apply; why.
    Skipped(&'static str),
    /// It used up its time or its fuel.
    Spent(Difference),
    /// The host had no sandbox for it.
    Busy,
    Failed(Vec<Difference>),
}

/// What a client got.
pub(super) struct Got {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// The error that a whole answer or a stream ends with. Found once: an upload's answers may be long.
    pub(super) error: Option<Value>,
}

/// Plays a case, once for each way in which its reply is cut.
pub(super) async fn play(subject: &Subject, case: &Case) -> Verdict {
    for (cut, exchanges) in cuts(&case.exchanges) {
        match play_once(subject, case, exchanges).await {
            Verdict::Passed => {}
            Verdict::Failed(mut found) => {
                if let Some(cut) = cut {
                    found.iter_mut().for_each(|difference| difference.place.push_str(&format!(" (reply cut {cut})")));
                }
                return Verdict::Failed(found);
            }
            other => return other,
        }
    }
    Verdict::Passed
}

async fn play_once(subject: &Subject, case: &Case, exchanges: Vec<Exchange>) -> Verdict {
    let (client_has, watched) = watch::channel(String::new());
    let upstream = Upstream::new(exchanges, watched);
    let asked = async {
        let response = send(subject, case, &upstream).await?;
        receive(response, case.waits_for_client().then_some(&client_has)).await
    };
    let got = match tokio::time::timeout(CASE_TIME, asked).await {
        Ok(Ok(got)) => got,
        Ok(Err(problem)) => return failed("adapter", "one that can be deployed", problem),
        Err(_) => {
            return Verdict::Spent(Difference::new("answer", format!("one within {} s", CASE_TIME.as_secs()), "none"));
        }
    };
    if let Some(ended) = got.ended() {
        return ended;
    }
    if case.optional && got.error_code().as_deref() == Some("unsupported") {
        return Verdict::Skipped("unsupported");
    }
    let (asked, _) = upstream.seen();
    if case.only_if_asked && asked.is_empty() {
        return match got.fault() {
            Some(fault) => failed("answer", NO_FAULT, fault),
            None => Verdict::Skipped("it asks no upstream"),
        };
    }
    let mut found = Vec::new();
    judge(case, &upstream, &got, &mut found);
    if found.is_empty() { Verdict::Passed } else { Verdict::Failed(found) }
}

pub(super) fn failed(place: &str, expected: impl Into<String>, got: impl Into<String>) -> Verdict {
    Verdict::Failed(vec![Difference::new(place, expected, got)])
}

/// The case's exchanges, once for each way in which a reply is to be cut, and how it is then.
fn cuts(exchanges: &[Exchange]) -> Box<dyn Iterator<Item = (Option<String>, Vec<Exchange>)> + Send + '_> {
    let split = exchanges.iter().position(Exchange::is_split);
    let found = split.and_then(|at| match &exchanges[at].reply {
        Reply::Answer(answer) => Some((at, answer.bytes())),
        Reply::Refusal => None,
    });
    let Some((at, body)) = found else { return Box::new(std::iter::once((None, exchanges.to_vec()))) };
    let with = move |pieces: Vec<Piece>| {
        let mut exchanges = exchanges.to_vec();
        if let Reply::Answer(Answer { pieces: written, .. }) = &mut exchanges[at].reply {
            *written = pieces;
        }
        exchanges
    };
    let length = body.len();
    let bytewise = (0..length).map(|at| Piece::Bytes(body.slice(at..at + 1))).collect();
    let whole =
        [(None, with(vec![Piece::Bytes(body.clone())])), (Some("into single bytes".to_owned()), with(bytewise))];
    let twos = (1..length).map(move |cut| {
        let pieces = [body.slice(..cut), body.slice(cut..)].map(Piece::Bytes).to_vec();
        (Some(format!("after byte {cut} of {length}")), with(pieces))
    });
    Box::new(whole.into_iter().chain(twos))
}

/// Sends the client's request, and waits for the answer's head.
pub(super) async fn send(subject: &Subject, case: &Case, upstream: &Upstream) -> Result<Response, String> {
    let spec = subject.spec(&case.adapter)?;
    let network = Network::played_by(Arc::new(upstream.clone()));
    ask(&subject.component, &spec, &network, &case.client).await
}

/// Sends a client's request to a deployment of its own, and waits for the answer's head.
pub(super) async fn ask(
    component: &Arc<Component>,
    spec: &Spec,
    network: &Network,
    client: &Client,
) -> Result<Response, String> {
    let mut body = client.body.clone();
    let model = match body["model"].as_str().unwrap_or_default() {
        ANY => some_model(&component.info),
        model => model.to_owned(),
    };
    body["model"] = format!("{DEPLOYMENT}/{model}").into();
    let mut request =
        Request::post(client.path.path()).body(Body::from(body.to_string())).map_err(|error| error.to_string())?;
    *request.headers_mut() = client.headers.clone();
    request.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    request.extensions_mut().insert(RequestId::fixed("req_conformance"));
    let revision = Revision::new(DEPLOYMENT, 1, 0, spec, component, network);
    let dispatch = Dispatch::new(Published::new(Snapshot::of(revision)), 1, Arc::new(Metrics::new()));
    let intake = Intake::new(MAX_BODY_BYTES * 2, CASE_TIME, CASE_TIME, Gauge::default());
    let mut routes = openai::routes(Arc::new(dispatch), intake, MAX_BODY_BYTES);
    let Ok(response) = routes.call(request).await;
    Ok(response)
}

/// Reads an answer to its end; what the client has so far is told to `client_has`, if anybody wants to know.
pub(super) async fn receive(response: Response, client_has: Option<&watch::Sender<String>>) -> Result<Got, String> {
    let (parts, mut body) = Response::into_parts(response);
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|error| error.to_string())?.into_data() else { continue };
        bytes.extend_from_slice(&data);
        if let Some(client_has) = client_has {
            client_has.send_replace(Transcript::of(&bytes).text());
        }
    }
    Ok(Got::new(parts.status, parts.headers, bytes))
}

/// A model that the adapter serves.
fn some_model(info: &AdapterInfo) -> String {
    info.models.first().map_or_else(|| "some-model".to_owned(), |model| model.id.replace('*', "some-model"))
}

/// An adapter's defaults, but for the time that a case may take.
pub(super) fn limits(defaults: Limits) -> Limits {
    Limits { timeout_ms: TIMEOUT_MS, ..defaults }
}

impl Subject {
    /// What is granted: all that is asked for, with dummies.
    fn spec(&self, terms: &Terms) -> Result<Spec, String> {
        let info = &self.component.info;
        let mut settings = terms.settings.clone();
        for wanted in info.settings.iter().filter(|wanted| wanted.required && wanted.default_value.is_none()) {
            settings.entry(wanted.name.clone()).or_insert_with(|| "conformance".to_owned());
        }
        if info.hosts.is_empty() {
            settings.entry(BASE_URL.to_owned()).or_insert_with(|| SOME_UPSTREAM.to_owned());
        }
        let base = settings.get(BASE_URL).and_then(|url| url::Url::parse(url).ok());
        let base = base.map(|url| url.origin().ascii_serialization());
        let grants: Vec<String> = info.hosts.iter().cloned().chain(base).collect();
        let known = |placement: &Placement| !matches!(placement, Placement::Scheme(_));
        let credentials: Map<String, Value> = info
            .credentials
            .iter()
            .filter(|slot| known(&slot.placement))
            .map(|slot| (slot.name.clone(), stand_in_for(&slot.name).into()))
            .collect();
        let change = json!({
            "grants": grants,
            "credentials": credentials,
            "settings": settings,
            "limits": terms.limits,
            "pass-headers": terms.pass_headers,
        });
        let change: Change = serde_json::from_value(change).map_err(|error| error.to_string())?;
        Spec::limited(self.limits.clone()).changed(change, &self.component).map_err(|error| error.to_string())
    }
}

impl Got {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| String::from_utf8_lossy(&self.body).into_owned().into())
    }

    pub(super) fn new(status: StatusCode, headers: HeaderMap, body: Vec<u8>) -> Self {
        let mut this = Self { status, headers, body, error: None };
        this.error = if this.is_stream() {
            Transcript::of(&this.body).steps.iter().find_map(|step| step.get("error").cloned())
        } else {
            this.json().get("error").cloned()
        };
        this
    }

    /// The verdict, where the sandbox ended or never began, whatever the case is about.
    pub(super) fn ended(&self) -> Option<Verdict> {
        match self.error_code()?.as_str() {
            "overloaded" => Some(Verdict::Busy),
            "deadline_exceeded" | "fuel_exhausted" => {
                Some(Verdict::Spent(Difference::new("answer", NO_FAULT, self.fault().unwrap_or_default())))
            }
            _ => None,
        }
    }

    /// What an adapter never answers with, whatever its upstream does: that it broke, or broke the contract.
    pub(super) fn fault(&self) -> Option<String> {
        let error = self.error.as_ref()?;
        let code = error["code"].as_str()?;
        FAULTS.contains(&code).then(|| format!("{code}: {}", error["message"].as_str().unwrap_or_default()))
    }

    fn error_code(&self) -> Option<String> {
        Some(self.error.as_ref()?["code"].as_str()?.to_owned())
    }

    pub(super) fn is_stream(&self) -> bool {
        self.headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_cut_whole_into_bytes_and_between_any_two() {
        let text = "shows = ''\nclient = { body = '{\"model\": \"m\"}' }\n[[exchange]]\nreply = { body = [\"a€\"], splits = \"every-byte\" }\n[expect]\nerror = {}\n";
        let case = Case::parse("test", text).unwrap();
        let bodies: Vec<Vec<Vec<u8>>> = cuts(&case.exchanges)
            .map(|(_, exchanges)| {
                let Reply::Answer(answer) = &exchanges[0].reply else { panic!("a reply") };
                let bytes = |piece: &Piece| if let Piece::Bytes(bytes) = piece { bytes.to_vec() } else { Vec::new() };
                answer.pieces.iter().map(bytes).collect()
            })
            .collect();
        let all = "a€".as_bytes();
        assert_eq!(bodies[0], [all]);
        assert_eq!(bodies[1], all.chunks(1).collect::<Vec<_>>());
        for (cut, body) in bodies[2..].iter().enumerate() {
            assert_eq!(*body, [&all[..cut + 1], &all[cut + 1..]]);
        }
        assert_eq!(bodies.len(), 2 + all.len() - 1);
    }
}
