//! What every adapter has to do, whatever its provider is, as far as a case's file can't say it: the contract, determinism, no state
//! between requests, big inputs, cancellation.
//!
//! An upstream of these can't know the provider's wire, so it mostly fails; what is looked at is what the adapter asked, and that it
//! ends properly. An adapter that needs no upstream is let off where there is nothing to look at.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::watch;

use super::case::Case;
use super::matching::Difference;
use super::run::{self, Got, NO_FAULT, Subject, Verdict, failed};
use super::upstream::{Asked, Seen, Upstream};
use crate::chat::{AdapterInfo, Placement};
use crate::deployments::BASE_URL;
use crate::egress::{Egress, Grant, is_placeable};
use crate::sandbox::{Fault, Limits, Terms};

/// What one check looks at.
#[derive(Clone, Copy)]
pub(super) enum Check {
    Contract,
    Determinism,
    State,
    BigInput,
    Cancellation,
}

/// All of them: the name, what it shows, and which it is.
pub(super) const CHECKS: [(&str, &str, Check); 5] = [
    ("contract", "what `describe` says is complete, fits together, and is the same each time", Check::Contract),
    ("determinism", "the same request asks the upstream the same, byte for byte", Check::Determinism),
    ("state", "nothing of one request is in the next", Check::State),
    ("big-input", "a prompt of 1 MB reaches the upstream, every kind of character in it", Check::BigInput),
    ("cancellation", "a client that leaves closes the upstream's connection", Check::Cancellation),
];

/// A request that each of them begins with, and an upstream that has bad news whatever it's asked.
const REQUEST: &str = r#"
shows = ""

[client]
body = '{"model": "<any>", "messages": [{"role": "user", "content": "Hello"}]}'

[[exchange]]
repeats = true
reply = { status = 503, body = "out of order" }

[expect]
error = {}
"#;
/// A reply that begins and then doesn't go on.
const SILENT: &str = r#"reply = { body = [" ", { until-client-has = "the end of days" }] }"#;
const LOUD: &str = r#"reply = { status = 503, body = "out of order" }"#;

const BIG: usize = 1 << 20;
/// Characters of one to four bytes, and those that JSON escapes.
const ALL_KINDS: &str = "aé€😀\u{301}\"\\\u{8}\u{7f}\u{2028}\u{feff}";
/// As much as an upload's first `describe` has.
const DESCRIBE_MS: u64 = 5_000;
/// For what happens at once, but in other tasks.
const SOON: Duration = Duration::from_secs(5);

impl Check {
    pub(super) async fn run(self, subject: &Subject) -> Verdict {
        let done = match self {
            Self::Contract => contract(subject).await,
            Self::Determinism => determinism(subject).await,
            Self::State => state(subject).await,
            Self::BigInput => big_input(subject).await,
            Self::Cancellation => cancellation(subject).await,
        };
        done.unwrap_or_else(|verdict| verdict)
    }
}

type Done = Result<Verdict, Verdict>;

async fn contract(subject: &Subject) -> Done {
    let info = &subject.component.info;
    let mut found = Vec::new();
    let mut wrong = |place: String, expected: &str, got: &str| found.push(Difference::new(place, expected, got));
    for (what, text) in [("name", &info.name), ("version", &info.version)] {
        if text.trim().is_empty() {
            wrong(format!("describe.{what}"), "some text", "(nothing)");
        }
    }
    for (index, host) in info.hosts.iter().enumerate() {
        if host.parse::<Grant>().is_err() {
            wrong(format!("describe.hosts[{index}]"), "a grant, as in https://api.example.com", host);
        }
    }
    for (index, slot) in info.credentials.iter().enumerate() {
        let place = |field: &str| format!("describe.credentials[{index}].{field}");
        if slot.host.parse::<Grant>().is_err() {
            wrong(place("host"), "a grant, as in https://api.example.com", &slot.host);
        }
        match &slot.placement {
            Placement::Header(name) | Placement::Query(name) if !is_placeable(name) => {
                wrong(place("placement"), "a header or query parameter that can carry a secret", name);
            }
            _ => {}
        }
    }
    unique("credentials", info.credentials.iter().map(|slot| slot.name.as_str()), &mut found);
    unique("settings", info.settings.iter().map(|setting| setting.name.as_str()), &mut found);
    unique("models", info.models.iter().map(|model| model.id.as_str()), &mut found);
    if info.settings.iter().any(|setting| setting.name == BASE_URL) {
        found.push(Difference::new("describe.settings", "no setting `base-url`: every adapter has it", BASE_URL));
    }
    if found.is_empty() && !same(info, &describe(subject).await?) {
        return Err(failed("describe", "the same at each call", "something else at the second"));
    }
    if found.is_empty() { Ok(Verdict::Passed) } else { Err(Verdict::Failed(found)) }
}

fn unique<'n>(field: &str, names: impl Iterator<Item = &'n str>, found: &mut Vec<Difference>) {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        let place = format!("describe.{field}");
        if name.is_empty() {
            found.push(Difference::new(place, "a name for each", "one without"));
        } else if !seen.insert(name) {
            found.push(Difference::new(place, "each name once", format!("`{name}` twice")));
        }
    }
}

async fn describe(subject: &Subject) -> Result<AdapterInfo, Verdict> {
    let terms = Terms {
        deployment: "(check)".into(),
        request_id: "describe".into(),
        limits: Limits {
            timeout_ms: DESCRIBE_MS.min(subject.limits.timeout_ms),
            egress_requests: 0,
            ..subject.limits.clone()
        },
        egress: Arc::new(Egress::closed()),
        original_body: Bytes::new(),
    };
    let said = async { subject.component.adapter.enter(terms).await?.describe().await };
    said.await.map_err(|failure| match failure.fault {
        Fault::Full => Verdict::Busy,
        fault => failed("describe", "an answer at each call", fault.to_string()),
    })
}

fn same(first: &AdapterInfo, second: &AdapterInfo) -> bool {
    // Generated records have no equality of their own; what they print is all of them.
    format!("{first:?}") == format!("{second:?}")
}

async fn determinism(subject: &Subject) -> Done {
    let first = asked(subject, "Hello").await?;
    let second = asked(subject, "Hello").await?;
    let requests =
        |asked: &[Seen]| asked.iter().map(|seen| (seen.method.clone(), seen.path.clone())).collect::<Vec<_>>();
    if requests(&first) != requests(&second) {
        let text =
            |asked: &[Seen]| requests(asked).iter().map(|(m, p)| format!("{m} {p}")).collect::<Vec<_>>().join(", ");
        return Err(failed("requests", text(&first), text(&second)));
    }
    for (number, (first, second)) in first.iter().zip(&second).enumerate() {
        if first.body != second.body {
            let text = |seen: &Seen| String::from_utf8_lossy(&seen.body).into_owned();
            return Err(failed(&format!("request {}, body", number + 1), text(first), text(second)));
        }
    }
    Ok(Verdict::Passed)
}

async fn state(subject: &Subject) -> Done {
    const MARK: &str = "kept-from-another-request";
    let before = asked(subject, "Hello").await?;
    asked(subject, MARK).await?;
    let after = asked(subject, "Hello").await?;
    for (number, seen) in after.iter().enumerate() {
        let head = format!("{} {:?}", seen.path, seen.headers);
        if has(&seen.body, MARK) || head.contains(MARK) {
            let got = if head.contains(MARK) { head } else { String::from_utf8_lossy(&seen.body).into_owned() };
            return Err(failed(&format!("request {}", number + 1), "nothing of the request before", got));
        }
    }
    if before.len() != after.len() {
        return Err(failed("requests", before.len().to_string(), after.len().to_string()));
    }
    Ok(Verdict::Passed)
}

async fn big_input(subject: &Subject) -> Done {
    let prompt = ALL_KINDS.repeat(BIG / ALL_KINDS.len() + 1);
    let asked = asked(subject, &prompt).await?;
    let sent: usize = asked.iter().map(|seen| seen.body.len()).sum();
    if sent < BIG {
        return Err(failed(
            "request 1, body",
            format!("at least the {BIG} bytes of the prompt"),
            format!("{sent} bytes"),
        ));
    }
    Ok(Verdict::Passed)
}

async fn cancellation(subject: &Subject) -> Done {
    let mut case = case(&REQUEST.replace(LOUD, SILENT))?;
    case.client.body["stream"] = true.into();
    let (_client_has, watched) = watch::channel(String::new());
    let upstream = Upstream::new(case.exchanges.clone(), watched);
    {
        let mut answered = std::pin::pin!(async {
            let response = run::send(subject, &case, &upstream).await?;
            run::receive(response, None).await
        });
        // The client leaves as soon as the upstream is at it.
        tokio::select! {
            got = &mut answered => {
                return match got {
                    Ok(got) => Err(unasked(&got)),
                    Err(problem) => Err(failed("adapter", "one that can be deployed", problem)),
                };
            }
            asked = upstream.is_asked(SOON) => {
                if !asked {
                    return Err(Verdict::Skipped("it asks no upstream"));
                }
            }
        }
    }
    if upstream.is_left(SOON).await {
        return Ok(Verdict::Passed);
    }
    Err(failed("upstream", "its connection closed when the client left", "still open"))
}

/// What the upstream was asked by a request with this prompt; an error where that is nothing, or where the adapter broke.
async fn asked(subject: &Subject, prompt: &str) -> Result<Vec<Seen>, Verdict> {
    let mut case = case(REQUEST)?;
    case.client.body["messages"][0]["content"] = json!(prompt);
    let (_client_has, watched) = watch::channel(String::new());
    let upstream = Upstream::new(case.exchanges.clone(), watched);
    let got = async {
        let response = run::send(subject, &case, &upstream).await?;
        run::receive(response, None).await
    };
    let got = got.await.map_err(|problem| failed("adapter", "one that can be deployed", problem))?;
    if let Some(ended) = got.ended() {
        return Err(ended);
    }
    if let Some(fault) = got.fault() {
        return Err(failed("answer", NO_FAULT, fault));
    }
    let seen: Vec<Seen> = upstream
        .seen()
        .0
        .into_iter()
        .filter_map(|asked| match asked {
            Asked::Request(seen) => Some(seen),
            Asked::Refused => None,
        })
        .collect();
    if seen.is_empty() { Err(unasked(&got)) } else { Ok(seen) }
}

fn unasked(got: &Got) -> Verdict {
    if let Some(ended) = got.ended() {
        return ended;
    }
    match got.fault() {
        Some(fault) => failed("answer", NO_FAULT, fault),
        None => Verdict::Skipped("it asks no upstream"),
    }
}

fn case(text: &str) -> Result<Case, Verdict> {
    Case::parse("generic.rs", text).map_err(|mistake| failed("suite", "a case", mistake.to_string()))
}

fn has(body: &[u8], mark: &str) -> bool {
    memchr::memmem::find(body, mark.as_bytes()).is_some()
}
