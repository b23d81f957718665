//! Whether what came of a case is what it expects: what the upstream was asked, and what the client got.

use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::Value;

use super::case::{Case, ExpectedError, ExpectedHeader, ExpectedRequest, Outcome};
use super::matching::{Difference, compare};
use super::run::Got;
use super::transcript::Transcript;
use super::upstream::{Asked, Seen, Upstream};

/// Adds all that differs to `found`.
pub(super) fn judge(case: &Case, upstream: &Upstream, got: &Got, found: &mut Vec<Difference>) {
    let (seen, problems) = upstream.seen();
    let last = case.exchanges.last().filter(|exchange| exchange.repeats);
    for number in 0..seen.len().max(case.exchanges.len()) {
        let Some(exchange) = case.exchanges.get(number).or(last) else { break };
        match (&exchange.request, seen.get(number)) {
            (Some(expected), Some(Asked::Request(seen))) => judge_request(number + 1, expected, seen, found),
            (None, Some(_)) | (_, Some(Asked::Refused)) => {}
            (_, None) if exchange.repeats => {}
            (_, None) => {
                found.push(Difference::new(format!("request {}", number + 1), "one for this exchange", "(none)"))
            }
        }
    }
    for problem in problems {
        found.push(Difference::new("upstream", "what the case says", problem));
    }
    judge_headers("answer, header", &case.expect.headers, &got.headers, found);
    let ignore: Vec<String> = case.expect.ignore.iter().cloned().chain(["created".to_owned()]).collect();
    match &case.expect.outcome {
        Outcome::Answer(expected) => {
            if got.status != StatusCode::OK {
                found.push(Difference::new(
                    "answer, status",
                    "200",
                    format!("{}: {}", got.status.as_u16(), got.json()),
                ));
                return;
            }
            compare("answer", expected, &got.json(), &ignore, found);
        }
        Outcome::Stream(expected) => {
            if !got.is_stream() {
                found.push(Difference::new("answer", "a stream", format!("{}: {}", got.status.as_u16(), got.json())));
                return;
            }
            let steps = Value::Array(Transcript::of(&got.body).steps);
            compare("stream", expected, &steps, &ignore, found);
        }
        Outcome::Error(expected) => judge_error(expected, got, found),
    }
}

fn judge_request(number: usize, expected: &ExpectedRequest, seen: &Seen, found: &mut Vec<Difference>) {
    let place = |what: &str| format!("request {number}, {what}");
    let mut same = |what: &str, expected: Option<&String>, got: &str| {
        if let Some(expected) = expected.filter(|expected| *expected != got) {
            found.push(Difference::new(place(what), expected.as_str(), got));
        }
    };
    same("method", expected.method.as_ref(), &seen.method);
    same("origin", expected.origin.as_ref(), &seen.origin);
    same("path", expected.path.as_ref(), &seen.path);
    judge_headers(&place("header"), &expected.headers, &seen.headers, found);
    if let Some(body) = &expected.body {
        match serde_json::from_slice(&seen.body) {
            Ok(got) => compare(&place("body"), body, &got, &expected.ignore, found),
            Err(_) => {
                let got = String::from_utf8_lossy(&seen.body).into_owned();
                found.push(Difference::new(place("body"), "JSON", got));
            }
        }
    }
}

fn judge_headers(place: &str, expected: &[(HeaderName, ExpectedHeader)], got: &HeaderMap, found: &mut Vec<Difference>) {
    for (name, expected) in expected {
        let values: Vec<_> = got.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        let (fits, wanted) = match expected {
            ExpectedHeader::Is(value) => (values.len() == 1 && values[0] == *value, value.as_str()),
            ExpectedHeader::Present => (!values.is_empty(), "(any value)"),
            ExpectedHeader::Absent => (values.is_empty(), "(absent)"),
        };
        if !fits {
            let got = if values.is_empty() { "(absent)".to_owned() } else { values.join(", ") };
            found.push(Difference::new(format!("{place} {name}"), wanted, got));
        }
    }
}

fn judge_error(expected: &ExpectedError, got: &Got, found: &mut Vec<Difference>) {
    let Some(error) = &got.error else {
        let got = String::from_utf8_lossy(&got.body).into_owned();
        found.push(Difference::new("answer", "an error", got));
        return;
    };
    if let Some(fault) = got.fault().filter(|_| expected.code.is_none()) {
        found.push(Difference::new("answer", "an error of the contract's kinds", fault));
        return;
    }
    let mut same = |what: &str, expected: Option<String>, got: String| {
        if let Some(expected) = expected.filter(|expected| *expected != got) {
            found.push(Difference::new(format!("error, {what}"), expected, got));
        }
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    same("status", expected.status.map(|status| status.to_string()), got.status.as_u16().to_string());
    same("type", expected.kind.clone(), text(&error["type"]));
    same("code", expected.code.clone(), text(&error["code"]));
    same("param", expected.param.clone(), text(&error["param"]));
    same("message", expected.message.clone(), text(&error["message"]));
    let retry = got
        .headers
        .get("retry-after-ms")
        .map_or("(absent)".into(), |value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    same("retry-after-ms", expected.retry_after_ms.map(|ms| ms.to_string()), retry);
    let message = text(&error["message"]);
    if let Some(part) = expected.message_has.as_ref().filter(|part| !message.contains(part.as_str())) {
        found.push(Difference::new("error, message", format!("…{part}…"), message));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::super::run::FAULTS;
    use super::*;

    fn got(status: u16, retry_after_ms: Option<&str>, body: &str) -> Got {
        let mut headers = HeaderMap::new();
        if let Some(ms) = retry_after_ms {
            headers.insert("retry-after-ms", ms.parse().unwrap());
        }
        Got::new(StatusCode::from_u16(status).unwrap(), headers, body.as_bytes().to_vec())
    }

    fn places(expected: &ExpectedError, got: &Got) -> Vec<String> {
        let mut found = Vec::new();
        judge_error(expected, got, &mut found);
        found.into_iter().map(|difference| difference.place).collect()
    }

    #[test]
    fn an_error_is_what_it_is_said_to_be_and_a_fault_is_none() {
        let slow =
            got(429, Some("2000"), r#"{"error": {"code": "provider_error", "message": "slow down", "type": "t"}}"#);
        let any = ExpectedError::default();
        assert_eq!(places(&any, &slow), [""; 0]);
        let right = ExpectedError {
            status: Some(429),
            message_has: Some("slow".into()),
            retry_after_ms: Some(2000),
            ..any.clone()
        };
        assert_eq!(places(&right, &slow), [""; 0]);
        let wrong =
            ExpectedError { status: Some(503), message: Some("slow".into()), retry_after_ms: Some(1), ..any.clone() };
        assert_eq!(places(&wrong, &slow), ["error, status", "error, message", "error, retry-after-ms"]);
        for fault in FAULTS {
            let trapped = got(502, None, &format!(r#"{{"error": {{"code": "{fault}", "message": "x"}}}}"#));
            assert_eq!(places(&any, &trapped), ["answer"], "{fault}");
            let asked_for = ExpectedError { code: Some(fault.into()), ..any.clone() };
            assert_eq!(places(&asked_for, &trapped), [""; 0], "{fault}");
        }
        assert_eq!(places(&any, &got(200, None, "{}")), ["answer"]);
    }
}
