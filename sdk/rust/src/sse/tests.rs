//! Streams of every shape, each cut at every place. Limits and a response's faults besides.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::api::ErrorKind;
use crate::http::Request;
use crate::testing::{Reply, Upstream};

/// Event, data, id.
type Expected<'a> = (Option<&'a str>, &'a str, Option<&'a str>);

/// What a stream is made of, and what comes out however it is cut.
const STREAMS: &[(&[u8], &[Expected<'static>])] = &[
    (b"", &[]),
    (b"\n\r\n\r", &[]),
    (b"data: a\n\n", &[(None, "a", None)]),
    (b"data: a\n\ndata: b\n\n", &[(None, "a", None), (None, "b", None)]),
    (b"data: a\r\n\r\ndata: b\r\n\r\n", &[(None, "a", None), (None, "b", None)]),
    (b"data: a\r\rdata: b\r\r", &[(None, "a", None), (None, "b", None)]),
    (
        b"data: a\r\n\ndata: b\n\r\ndata: c\n\rdata: d\r\n\r",
        &[(None, "a", None), (None, "b", None), (None, "c", None), (None, "d", None)],
    ),
    (b"data: a\ndata: b\n\n", &[(None, "a\nb", None)]),
    (b"event: x\r\ndata: a\r\ndata: b\r\n\r\n", &[(Some("x"), "a\nb", None)]),
    (b"data\ndata:\n\n", &[(None, "\n", None)]),
    (b"data\n\n", &[(None, "", None)]),
    (b"data:a\n\ndata:  a \n\ndata:\ta\n\n", &[(None, "a", None), (None, " a ", None), (None, "\ta", None)]),
    (b"data: a: b\n\n", &[(None, "a: b", None)]),
    (b": keep-alive\n\n:\ndata: a\n: in between\ndata: b\n\n", &[(None, "a\nb", None)]),
    (b"event: ping\n\ndata: a\n\n", &[(None, "a", None)]),
    (b"event: x\nid: 7\ndata: a\n\ndata: b\n\n", &[(Some("x"), "a", Some("7")), (None, "b", None)]),
    (b"event: x\nevent: y\ndata: a\n\n", &[(Some("y"), "a", None)]),
    (b"event:\nid\ndata: a\n\n", &[(None, "a", Some(""))]),
    (b"id: a\0b\nretry: 10\nfoo: bar\n data: no\nDATA: no\ndata: a\n\n", &[(None, "a", None)]),
    (b"\xEF\xBB\xBFdata: a\n\n\xEF\xBB\xBFdata: b\n\n", &[(None, "a", None)]),
    (b"\n\xEF\xBB\xBFdata: b\n\n", &[]),
    ("data: gr\u{fc}\u{df}e \u{1F980}\u{2028}\n\n".as_bytes(), &[(None, "gr\u{fc}\u{df}e \u{1F980}\u{2028}", None)]),
    (b"data: \xE2\x82\n\ndata: \xFF\n\n", &[(None, "\u{FFFD}", None), (None, "\u{FFFD}", None)]),
    (b"data: a\n\ndata: b", &[(None, "a", None), (None, "b", None)]),
    (b"data: a\n", &[(None, "a", None)]),
    (b"data: a\r", &[(None, "a", None)]),
    (b"data: a\r\n", &[(None, "a", None)]),
    (b"event: x\nid: 1", &[]),
];

fn read(pieces: &[&[u8]]) -> Vec<Event> {
    let mut parser = Parser::new();
    let mut events = Vec::new();
    for piece in pieces {
        events.extend(parser.push(piece).unwrap());
    }
    events.extend(parser.finish().unwrap());
    events
}

fn expected(events: &[Expected<'_>]) -> Vec<Event> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    events
        .iter()
        .map(|&(event, data, id)| Event { event: owned(event), data: data.to_owned(), id: owned(id) })
        .collect()
}

#[test]
fn a_stream_in_one_piece_gives_its_events() {
    for (bytes, events) in STREAMS {
        assert_eq!(read(&[bytes]), expected(events), "{}", bytes.escape_ascii());
    }
}

#[test]
fn any_two_cuts_change_nothing() {
    for (bytes, events) in STREAMS {
        let events = expected(events);
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(read(&pieces), events, "{} cut at {first}, {second}", bytes.escape_ascii());
            }
        }
    }
}

#[test]
fn single_bytes_with_empty_pieces_between_change_nothing() {
    for (bytes, events) in STREAMS {
        let pieces: Vec<&[u8]> = bytes.chunks(1).flat_map(|byte| [byte, &[]]).collect();
        assert_eq!(read(&pieces), expected(events), "{}", bytes.escape_ascii());
    }
}

#[test]
fn an_event_is_given_as_soon_as_its_blank_line_begins() {
    let mut parser = Parser::new();
    assert_eq!(parser.push(b"data: a\r\n\r").unwrap().len(), 1);
    assert_eq!(parser.push(b"\ndata: b\n\n").unwrap().len(), 1);
}

#[test]
fn what_is_over_the_limit_is_an_error_after_the_events_before_it() {
    // One long line, in any field, with or without an end; many lines of one event.
    let too_long: [&[u8]; 6] = [
        b"data: 0123456789abcdef",
        b"data: 0123456789abcdef\n\n",
        b": 0123456789abcdefghi\n",
        b"data: 012345\ndata: 678901\ndata: ab",
        b"event: 0123456\nid: 01234567890\n",
        b"data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n",
    ];
    for bytes in too_long {
        let stream = [b"data: ok\n\n", bytes].concat();
        for cut in 0..=stream.len() {
            let (mut parser, mut events) = (Parser::with_limit(20), Vec::new());
            let mut error = None;
            for piece in [&stream[..cut], &stream[cut..], b""] {
                match parser.push(piece) {
                    Ok(more) => events.extend(more),
                    Err(failed) => error = Some(failed),
                }
            }
            let case = format!("{} cut at {cut}", bytes.escape_ascii());
            assert_eq!(events, expected(&[(None, "ok", None)]), "{case}");
            let error = error.or_else(|| parser.finish().err());
            assert_eq!(error.map(|error| error.kind), Some(ErrorKind::Upstream), "{case}");
            assert!(parser.push(b"data: more\n\n").is_err() && parser.finish().is_err(), "{case}");
        }
    }
}

#[test]
fn an_event_of_just_the_limit_passes() {
    let mut parser = Parser::with_limit(20);
    assert_eq!(parser.push(b"data: 0123456789abcd\n\n: 34567890123456789\n").unwrap().len(), 1);
    assert!(parser.finish().is_ok());
}

#[test]
fn invalid_text_that_grows_in_decoding_counts_as_grown() {
    let mut parser = Parser::with_limit(40);
    parser.push(b"data: \xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\n").unwrap();
    assert!(parser.push(b"data: \n").is_err());
}

fn stream(reply: Reply) -> Stream {
    Upstream::new().reply(reply).run(|| Request::get("https://a.example").send().unwrap().sse())
}

#[test]
fn a_response_gives_batches_as_they_arrive() {
    let pieces = ["data: a\n\ndata: b\n\nda", "ta: c", "\n\n: idle\n\n", "data: d"];
    let mut stream = stream(Reply::sse("").chunks(pieces.map(|piece| piece.as_bytes().to_vec()).to_vec()));
    let mut batches = Vec::new();
    while let Some(batch) = stream.next_batch().unwrap() {
        batches.push(batch.into_iter().map(|event| event.data).collect::<String>());
    }
    assert_eq!(batches, ["ab", "c", "d"]);
    assert_eq!(stream.next_batch().unwrap(), None);
}

#[test]
fn a_response_that_breaks_off_is_an_error_once() {
    let mut stream = stream(Reply::sse("data: a\n\ndata: half").breaks_off());
    assert_eq!(stream.next_batch().unwrap().unwrap().len(), 1);
    assert_eq!(stream.next_batch().unwrap_err().kind, ErrorKind::Upstream);
    assert_eq!(stream.next_batch().unwrap(), None);
}

#[test]
fn a_response_over_the_limit_is_an_error_once() {
    let mut stream = stream(Reply::sse("data: a\n\ndata: 0123456789")).limit(10);
    assert_eq!(stream.next_batch().unwrap().unwrap().len(), 1);
    assert_eq!(stream.next_batch().unwrap_err().kind, ErrorKind::Upstream);
    assert_eq!(stream.next_batch().unwrap(), None);
}
