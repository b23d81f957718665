//! Guests that want out: to where nothing is granted, as somebody else, with more than they may send, or with the key.

use caisson_e2e::Push;
use serde_json::Value;

use super::upstream::{Request, by_name, read_all, requests, serve};
use crate::attack::{Attack, attack};
use crate::beside::Beside;
use crate::replies::Reply;

const SECRET: &str = "sk-hostile-0123456789abcdef";

/// Whom they dial.
pub(super) fn destinations() -> Vec<Attack> {
    vec![
        attack("dial-inside", "dial_inside", "dials private and special addresses in every spelling")
            .limit("egress-requests", 100)
            .upstream(serve)
            .terms(|push, beside| push.set("port", &port(beside)))
            .answers("egress grants", |reply, beside| {
                assert_eq!(report(reply)["reached"], Value::Array(Vec::new()));
                assert!(beside.seen().is_empty(), "{:?}", beside.seen());
            }),
        attack("dial-lookalikes", "dial_lookalikes", "dials what looks like the host that it may reach")
            .limit("egress-requests", 100)
            .upstream(serve)
            .terms(|push, beside| {
                let name = by_name(beside);
                let push = push.allow_host(&name).set("host", name.trim_start_matches("http://"));
                push.set("evil", beside.origin().trim_start_matches("http://"))
            })
            .answers("egress grants", |reply, beside| {
                let report = report(reply);
                assert_eq!(report["lookalikes"]["reached"], Value::Array(Vec::new()), "{report}");
                assert_eq!(report["same"]["reached"].as_array().unwrap().len(), 2, "{report}");
                let host = by_name(beside);
                for request in requests(beside) {
                    assert_eq!(request.header("host"), host.strip_prefix("http://"), "{request:?}");
                }
            }),
        attack("follow-redirect", "follow_redirect", "follows its upstream's redirect to a host that is not granted")
            .credential("api-key", SECRET)
            .upstream(serve)
            .terms(|push, beside| named(push, beside, "/away"))
            .fails(502, "egress_denied"),
        attack("absolute-target", "absolute_target", "names another host in the request's path")
            .upstream(serve)
            .terms(|push, beside| named(push, beside, "").set("evil", beside.origin().trim_start_matches("http://")))
            .answers("target rebuilt from the grant", |_, beside| {
                let host = by_name(beside);
                for request in requests(beside) {
                    assert!(request.path.starts_with('/'), "{request:?}");
                    assert_eq!(request.header("host"), host.strip_prefix("http://"), "{request:?}");
                }
            }),
        attack("tunnel", "tunnel", "asks for a tunnel, and hides a request in a method")
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .answers("methods refused", |_, beside| assert!(beside.seen().is_empty(), "{:?}", beside.seen())),
    ]
}

/// What they send.
pub(super) fn requests_of_theirs() -> Vec<Attack> {
    vec![
        attack("forge-host", "forge_host", "writes a host header of its own")
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .answers("host written from the grant", |_, beside| {
                let origin = beside.origin();
                for request in requests(beside) {
                    assert_eq!(request.header("host"), origin.strip_prefix("http://"), "{request:?}");
                    assert_absent(&request, "evil.invalid");
                }
            }),
        attack("hop-by-hop", "hop_by_hop", "sends headers that belong to the connection, to have others taken off")
            .credential("api-key", SECRET)
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .answers("forbidden headers", |_, beside| {
                assert!(!requests(beside).is_empty());
                for request in requests(beside) {
                    for name in ["connection", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"]
                    {
                        assert!(request.headers.iter().all(|(given, _)| given != name), "{request:?}");
                    }
                    assert_eq!(request.header("authorization"), Some(&*format!("Bearer {SECRET}")));
                    assert!(request.headers.iter().all(|(name, _)| !name.starts_with("proxy-")), "{request:?}");
                }
            }),
        attack("short-length", "short_length", "hides a second request behind a body of fewer bytes than it writes")
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .answers("body held to its length", no_second_request),
        attack(
            "long-length",
            "long_length",
            "promises more body than it writes, so that the next request is taken for it",
        )
        .upstream(serve)
        .terms(|push, beside| beside.granted(push))
        .answers("unfinished connection closed", |reply, beside| {
            assert_eq!(report(reply)["next"]["Ok"], 200, "{}", reply.text());
            for connection in beside.seen() {
                let mixed = connection.contains("/cut-short") && connection.contains("/next");
                assert!(!mixed, "{connection}");
            }
        }),
        attack("two-lengths", "two_lengths", "gives its body several lengths, in forms that readers disagree on")
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .answers("one framing", |_, beside| {
                for request in requests(beside) {
                    assert_eq!((&*request.method, &*request.path), ("POST", "/"), "{request:?}");
                    let lengths = request.headers.iter().filter(|(name, _)| name == "content-length").count();
                    let chunked = request.headers.iter().filter(|(name, _)| name == "transfer-encoding").count();
                    assert_eq!(lengths + chunked, 1, "{request:?}");
                }
            }),
        attack("forge-trailers", "forge_trailers", "sends in trailers what it may not send in headers")
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .answers("trailers dropped", |_, beside| {
                for request in requests(beside) {
                    assert_eq!(request.trailers, "", "{request:?}");
                    assert_absent(&request, "forged");
                }
            }),
        attack("many-headers", "header_flood", "sends two hundred headers")
            .set("count", "200")
            .set("bytes", "10")
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .answers("sent: an upstream's own limits", |_, beside| {
                for connection in beside.seen() {
                    assert!(connection.len() < 256 << 10, "{} bytes of headers", connection.len());
                }
            }),
        attack("header-flood", "header_flood", "sends ten thousand headers")
            .set("count", "10000")
            .set("bytes", "10")
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .fails(502, "adapter_trap")
            .in_adapter_async(refused_headers),
        attack("header-of-a-megabyte", "header_flood", "sends a header of a megabyte")
            .set("count", "1")
            .set("bytes", "1000000")
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .fails(502, "adapter_trap")
            .in_adapter_async(refused_headers),
        attack("long-url", "long_url", "sends URLs of 64 KiB and of 8 MiB")
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .answers("url length", |_, beside| assert!(beside.seen().is_empty(), "{:?}", beside.seen().len())),
        attack("odd-timeouts", "odd_timeouts", "asks for timeouts of nothing and of 584 years")
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .answers("timeouts clamped", |reply, _| {
                assert_eq!(report(reply)["outcomes"][2], "200", "{}", reply.text());
            }),
        attack(
            "odd-timeouts-of-a-silent-upstream",
            "odd_timeouts",
            "waits 584 years for an upstream that never answers",
        )
        .limit("timeout-ms", 1_500)
        .upstream(serve)
        .terms(|push, beside| at(push, beside, "/silent"))
        .fails(504, "deadline_exceeded"),
    ]
}

/// How much they send and read.
pub(super) fn floods() -> Vec<Attack> {
    vec![
        attack("request-storm", "request_storm", "sends thousands of requests, whatever comes of them")
            .often(2, 1)
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .answers("request limit", |reply, beside| {
                assert_eq!(report(reply)["answered"], 16, "{}", reply.text());
                assert!(requests(beside).len() <= 2 * 16);
            }),
        attack("outstanding", "outstanding", "starts a hundred requests at once and reads no answer")
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .answers("request limit", |reply, beside| {
                // As many as may be under way at one time.
                assert_eq!(report(reply)["answered"], 8, "{}", reply.text());
                assert!(beside.seen().len() <= 4 * 16);
            }),
        attack("outstanding-at-a-silent-upstream", "outstanding", "waits for a hundred answers that never come")
            .limit("timeout-ms", 1_500)
            .upstream(serve)
            .terms(|push, beside| at(push, beside, "/silent"))
            .fails(504, "deadline_exceeded"),
        attack("read-endless", "read_endless", "reads an answer that never ends into its memory")
            .upstream(serve)
            .limit("fuel", 10_000_000_000)
            .terms(|push, beside| at(push, beside, "/endless"))
            .fails(502, "memory_exhausted"),
        attack("read-endless-metered", "read_endless", "reads an answer that never ends")
            .upstream(serve)
            .limit("egress-bytes-in", 4 << 20)
            .limit("fuel", 10_000_000_000)
            .terms(|push, beside| at(push, beside, "/endless"))
            .fails(502, "egress_exhausted"),
        attack("upload-endless", "upload_endless", "sends a body that never ends")
            .upstream(|tap| Box::pin(read_all(tap)))
            .limit("egress-bytes-out", 4 << 20)
            .limit("fuel", 10_000_000_000)
            .terms(|push, beside| beside.granted(push))
            .fails(502, "egress_exhausted"),
        attack("upload-endless-to-nobody", "upload_endless", "sends a body that never ends to who doesn't read it")
            .upstream(|tap| {
                Box::pin(async move {
                    let _open = tap;
                    std::future::pending().await
                })
            })
            .limit("timeout-ms", 1_500)
            .limit("fuel", 10_000_000_000)
            .terms(|push, beside| beside.granted(push))
            .fails(504, "deadline_exceeded"),
        attack("drip-upload", "drip_upload", "sends an endless body a byte at a time")
            .often(2, 1)
            .upstream(|tap| Box::pin(read_all(tap)))
            .terms(|push, beside| beside.granted(push))
            .fails_with(&[(502, "fuel_exhausted"), (502, "egress_exhausted"), (504, "deadline_exceeded")]),
        attack("forget-requests", "forget_requests", "leaves open requests behind when it answers")
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .answers("sandbox dropped", |reply, _| assert_eq!(reply.content(), "forgot")),
    ]
}

/// The key.
pub(super) fn credentials() -> Vec<Attack> {
    vec![
        attack("own-key", "own_key", "writes the credentials' header and parameter itself")
            .credential("in-header", SECRET)
            .credential("in-query", "query-secret-0123456789")
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .answers("credential overwrites", |_, beside| {
                assert!(!requests(beside).is_empty());
                for request in requests(beside) {
                    assert_eq!(request.header("x-secret"), Some(SECRET), "{request:?}");
                    assert_eq!(request.path, "/?SECRET=mine&x=1&secret=query-secret-0123456789");
                }
            }),
        attack("leak-key", "leak_key", "has the key said back and passes on what it got in disguise")
            .credential("api-key", SECRET)
            .upstream(serve)
            .terms(|push, beside| beside.granted(push))
            .answers("scrubbing", |reply, beside| {
                // The upstream did have it.
                assert!(beside.seen().iter().any(|connection| connection.contains(SECRET)));
                let report = report(reply);
                let plain: String = report["reversed"].as_str().unwrap().chars().rev().collect();
                assert!(plain.contains("[credential]"), "{plain}");
                // Shorter than any key, and longer than chance.
                for part in SECRET.as_bytes().windows(8) {
                    let part = std::str::from_utf8(part).unwrap();
                    assert!(!plain.contains(part), "{part} in {plain}");
                }
            }),
        attack(
            "second-host",
            "second_host",
            "sends a second host, which is granted too, what the first said of the key",
        )
        .credential("api-key", SECRET)
        .upstream(serve)
        .terms(|push, beside| named(push, beside, "/body").allow_host(&beside.origin()).set("second", &beside.origin()))
        .answers("key bound to its host", |_, beside| {
            let origin = beside.origin();
            let (second, first): (Vec<_>, Vec<_>) = requests(beside)
                .into_iter()
                .partition(|request| request.header("host") == origin.strip_prefix("http://"));
            assert!(!first.is_empty() && !second.is_empty());
            first.iter().for_each(|request| assert!(request.header("authorization").is_some()));
            second.iter().for_each(|request| assert_absent(request, "sk-hostile"));
        }),
        attack("search-memory", "search_memory", "searches all its memory for the key that was sent for it")
            .limit("fuel", 10_000_000_000)
            .credential("api-key", SECRET)
            .upstream(serve)
            .terms(|push, beside| {
                let backwards: String = SECRET[..10].chars().rev().collect();
                at(push, beside, "/body").set("backwards", &backwards)
            })
            .answers("key never in the guest", |reply, _| {
                let report = report(reply);
                assert_eq!(report["keys"], 0, "{report}");
                // The search itself works: what it was told is found.
                assert!(report["as told"].as_u64().unwrap() > 0, "{report}");
            }),
    ]
}

/// Grants the upstream by its name, and points the adapter at a path there.
fn named(push: Push, beside: &Beside, path: &str) -> Push {
    let name = by_name(beside);
    push.allow_host(&name).set("base-url", &format!("{name}{path}"))
}

/// Grants the upstream, and points the adapter at a path there.
fn at(push: Push, beside: &Beside, path: &str) -> Push {
    push.allow_host(&beside.origin()).set("base-url", &format!("{}{path}", beside.origin()))
}

fn port(beside: &Beside) -> String {
    beside.origin().rsplit(':').next().unwrap().to_owned()
}

#[track_caller]
fn report(reply: &Reply) -> Value {
    serde_json::from_str(&reply.content()).unwrap()
}

/// Nothing but the one request came, on any connection.
fn no_second_request(_: &Reply, beside: &Beside) {
    for connection in beside.seen() {
        assert!(!connection.contains("smuggled"), "{connection}");
    }
}

#[track_caller]
fn assert_absent(request: &Request, text: &str) {
    assert!(!format!("{request:?}").contains(text), "{request:?}");
}

/// WASI 0.3 tells a guest that a header can't be had, where 0.2 has no way to; nothing that is large leaves in either.
fn refused_headers(attack: Attack) -> Attack {
    attack.answers("the host's refusal", |reply, beside| {
        assert!(report(reply)["refused"].as_u64().unwrap() > 0);
        for connection in beside.seen() {
            assert!(connection.len() < 256 << 10, "{} bytes of headers", connection.len());
        }
    })
}
