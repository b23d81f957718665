//! Requests to an upstream that fails first: how often and after which waits they are sent again.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::api::ErrorKind;
use crate::http::Request;
use crate::testing::{Reply, Upstream, context, context_with};

fn send(retry: Retry, replies: Vec<Reply>) -> (Result<u16>, Vec<u64>, usize) {
    let upstream = replies.into_iter().fold(Upstream::new(), Upstream::reply);
    let request = Request::post("https://a.example").retry(retry);
    let status = upstream.run(|| request.send()).map(|response| response.status());
    let waits = upstream.slept().iter().map(|wait| u64::try_from(wait.as_millis()).unwrap()).collect();
    (status, waits, upstream.requests().len())
}

fn fails(status: u16) -> Reply {
    Reply::json(status, "{}")
}

#[test]
fn nothing_is_sent_again_unasked() {
    let (status, waits, sent) = send(Retry::default(), vec![fails(503), fails(200)]);
    assert_eq!((status.unwrap(), waits.len(), sent), (503, 0, 1));
}

#[test]
fn waits_double_up_to_the_cap() {
    let (status, waits, sent) = send(Retry::times(6), (0..7).map(|_| fails(529)).collect());
    assert_eq!((status.unwrap(), sent), (529, 7));
    assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 8000]);
}

#[test]
fn huge_policies_do_not_overflow() {
    let retry = Retry::times(u32::MAX).base(Duration::MAX).cap(Duration::MAX);
    let mut attempts = retry.start();
    for made in [0, 1, 31, 32, 1000] {
        attempts.made = made;
        assert!(attempts.backoff(1.0) > Duration::from_secs(1));
        assert_eq!(attempts.backoff(0.0), Duration::ZERO);
    }
}

#[test]
fn jitter_takes_any_part_of_the_wait() {
    let attempts = Retry::times(3).start();
    assert_eq!(attempts.backoff(0.25), Duration::from_millis(125));
}

#[test]
fn only_what_may_pass_is_sent_again() {
    for (status, sent) in
        [(200, 1), (400, 1), (401, 1), (404, 1), (422, 1), (408, 2), (409, 2), (429, 2), (500, 2), (503, 2), (529, 2)]
    {
        assert_eq!(send(Retry::times(1), vec![fails(status), fails(200)]).2, sent, "{status}");
    }
    for (reply, sent) in [(Reply::connection_refused(), 2), (Reply::denied(), 1), (Reply::timeout(), 1)] {
        assert_eq!(send(Retry::times(1), vec![reply, fails(200)]).2, sent);
    }
}

#[test]
fn the_provider_may_say_whether() {
    let says = |status, word| vec![fails(status).header("x-should-retry", word), fails(200)];
    assert_eq!(send(Retry::times(1), says(400, "true")).2, 2);
    assert_eq!(send(Retry::times(1), says(503, "false")).2, 1);
    assert_eq!(send(Retry::times(1), says(200, "true")).2, 1);
}

#[test]
fn the_last_failure_is_what_the_caller_gets() {
    let (outcome, _, sent) = send(Retry::times(2), vec![fails(503), Reply::connection_refused(), Reply::denied()]);
    assert_eq!(outcome.unwrap_err().code.as_deref(), Some("egress_denied"));
    assert_eq!(sent, 3);
}

#[test]
fn the_provider_may_say_how_long() {
    let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
    for (headers, waits) in [
        (vec![("retry-after", "3")], vec![3000]),
        (vec![("retry-after", "0")], vec![0]),
        (vec![("retry-after", "1.5")], vec![1500]),
        (vec![("retry-after", "3"), ("retry-after-ms", "250")], vec![250]),
        (vec![date, ("retry-after", "Sun, 06 Nov 1994 08:49:41 GMT")], vec![4000]),
        (vec![("retry-after", "Sun, 06 Nov 1994 08:49:41 GMT")], vec![0]),
        (vec![("retry-after", "60")], vec![60_000]),
        // Too long to wait for: no second attempt.
        (vec![("retry-after", "61")], vec![]),
        (vec![("retry-after", "1e300")], vec![]),
        // Nonsense: as if nothing had been said.
        (vec![("retry-after", "-1")], vec![500]),
        (vec![("retry-after", "NaN")], vec![500]),
        (vec![("retry-after", "soon")], vec![500]),
    ] {
        let reply = headers.iter().fold(fails(429), |reply, (name, value)| reply.header(name, value));
        assert_eq!(send(Retry::times(1), vec![reply, fails(200)]).1, waits, "{headers:?}");
    }
}

#[test]
fn no_wait_goes_past_the_time_there_is() {
    let retry = Retry::times(9).within(Duration::from_secs(3));
    let (status, waits, _) = send(retry, (0..10).map(|_| fails(500)).collect());
    assert_eq!((status.unwrap(), waits), (500, vec![500, 1000]));
}

#[test]
fn the_settings_say_how_often() {
    assert_eq!(Retry::configured(&context()).unwrap().times, 0);
    let retry = Retry::configured(&context_with(&[("max-retries", "2")])).unwrap();
    assert_eq!((retry.times, retry.within), (2, Some(Duration::from_secs(60))));
    let error = Retry::configured(&context_with(&[("max-retries", "many")])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Internal);
}
