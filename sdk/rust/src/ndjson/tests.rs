//! Lines of every shape, each cut at every place. Limits besides.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::api::ErrorKind;
use crate::http::Request;
use crate::testing::{Reply, Upstream};

const STREAMS: &[(&[u8], &[&str])] = &[
    (b"", &[]),
    (b"\n\r\n \n\r", &[]),
    (b"{\"a\":1}\n{\"a\":2}\n", &["{\"a\":1}", "{\"a\":2}"]),
    (b"{\"a\":1}\r\n\r\n{\"a\":2}\r\n", &["{\"a\":1}", "{\"a\":2}"]),
    (b"1\r2\r", &["1", "2"]),
    (b" 1 \n\t2", &["1", "2"]),
    (b"\xEF\xBB\xBF1\n\xEF\xBB\xBF2\n", &["1", "\u{FEFF}2"]),
    ("\"\u{fc}\u{1F980}\u{2028}\"\n".as_bytes(), &["\"\u{fc}\u{1F980}\u{2028}\""]),
    (b"\"\xFF\"", &["\"\u{FFFD}\""]),
];

fn read(pieces: &[&[u8]]) -> Vec<String> {
    let mut parser = Parser::new();
    let mut lines = Vec::new();
    for piece in pieces {
        lines.extend(parser.push(piece).unwrap());
    }
    lines.extend(parser.finish().unwrap());
    lines
}

#[test]
fn any_two_cuts_change_nothing() {
    for (bytes, lines) in STREAMS {
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(read(&pieces), *lines, "{} cut at {first}, {second}", bytes.escape_ascii());
            }
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single), *lines, "{} in bytes", bytes.escape_ascii());
    }
}

#[test]
fn a_line_over_the_limit_is_an_error_after_the_lines_before_it() {
    let stream = b"1\n123456\n3\n";
    for cut in 0..=stream.len() {
        let (mut parser, mut lines) = (Parser::with_limit(5), Vec::new());
        for piece in [&stream[..cut], &stream[cut..]] {
            lines.extend(parser.push(piece).unwrap_or_default());
        }
        assert_eq!(lines, ["1"], "cut at {cut}");
        assert_eq!(parser.finish().unwrap_err().kind, ErrorKind::Upstream, "cut at {cut}");
    }
    assert_eq!(Parser::with_limit(5).push(b"12345\n12345\n").unwrap().len(), 2);
}

#[test]
fn a_response_gives_its_lines_and_then_its_fault() {
    let reply = Reply::ndjson("1\n2\n{\"half").breaks_off();
    let response = Upstream::new().reply(reply).run(|| Request::get("https://a.example").send());
    let mut stream = response.unwrap().ndjson();
    assert_eq!(stream.next_batch().unwrap().unwrap(), ["1", "2"]);
    assert_eq!(stream.next_batch().unwrap_err().kind, ErrorKind::Upstream);
    assert_eq!(stream.next_batch().unwrap(), None);
}
