"""Streams of every shape, each cut at every place. Limits and a response's faults besides."""

import pytest

from caisson import AdapterError, ErrorKind, http
from caisson.sse import Event, Parser, Stream
from caisson.testing import Reply, Upstream

STREAMS: list[tuple[bytes, list[Event]]] = [
    (b"", []),
    (b"\n\r\n\r", []),
    (b"data: a\n\n", [Event("a")]),
    (b"data: a\n\ndata: b\n\n", [Event("a"), Event("b")]),
    (b"data: a\r\n\r\ndata: b\r\n\r\n", [Event("a"), Event("b")]),
    (b"data: a\r\rdata: b\r\r", [Event("a"), Event("b")]),
    (
        b"data: a\r\n\ndata: b\n\r\ndata: c\n\rdata: d\r\n\r",
        [Event("a"), Event("b"), Event("c"), Event("d")],
    ),
    (b"data: a\ndata: b\n\n", [Event("a\nb")]),
    (b"event: x\r\ndata: a\r\ndata: b\r\n\r\n", [Event("a\nb", "x")]),
    (b"data\ndata:\n\n", [Event("\n")]),
    (b"data\n\n", [Event("")]),
    (b"data:a\n\ndata:  a \n\ndata:\ta\n\n", [Event("a"), Event(" a "), Event("\ta")]),
    (b"data: a: b\n\n", [Event("a: b")]),
    (b": keep-alive\n\n:\ndata: a\n: in between\ndata: b\n\n", [Event("a\nb")]),
    (b"event: ping\n\ndata: a\n\n", [Event("a")]),
    (b"event: x\nid: 7\ndata: a\n\ndata: b\n\n", [Event("a", "x", "7"), Event("b")]),
    (b"event: x\nevent: y\ndata: a\n\n", [Event("a", "y")]),
    (b"event:\nid\ndata: a\n\n", [Event("a", None, "")]),
    (b"id: a\0b\nretry: 10\nfoo: bar\n data: no\nDATA: no\ndata: a\n\n", [Event("a")]),
    (b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n", [Event("a")]),
    (b"\n\xef\xbb\xbfdata: b\n\n", []),
    ("data: grüße \U0001f980\u2028\v\f\x1c\x85\n\n".encode(), [Event("grüße \U0001f980\u2028\v\f\x1c\x85")]),
    (b"data: \xe2\x82\n\ndata: \xff\n\n", [Event("\ufffd"), Event("\ufffd")]),
    (b"data: a\n\ndata: b", [Event("a"), Event("b")]),
    (b"data: a\n", [Event("a")]),
    (b"data: a\r", [Event("a")]),
    (b"data: a\r\n", [Event("a")]),
    (b"event: x\nid: 1", []),
]


def read(*pieces: bytes) -> list[Event]:
    parser = Parser()
    return [event for piece in pieces for event in parser.push(piece)] + parser.finish()


@pytest.mark.parametrize(("data", "events"), STREAMS)
def test_any_two_cuts_change_nothing(data: bytes, events: list[Event]) -> None:
    for first in range(len(data) + 1):
        for second in range(first, len(data) + 1):
            assert read(data[:first], data[first:second], data[second:]) == events, (first, second)


@pytest.mark.parametrize(("data", "events"), STREAMS)
def test_single_bytes_with_empty_pieces_between_change_nothing(data: bytes, events: list[Event]) -> None:
    assert read(*(piece for byte in data for piece in (bytes([byte]), b""))) == events


def test_an_event_is_given_as_soon_as_its_blank_line_begins() -> None:
    parser = Parser()
    assert parser.push(b"data: a\r\n\r") == [Event("a")]
    assert parser.push(b"\ndata: b\n\n") == [Event("b")]


@pytest.mark.parametrize(
    "data",
    [
        b"data: 0123456789abcdef",
        b"data: 0123456789abcdef\n\n",
        b": 0123456789abcdefghi\n",
        b"data: 012345\ndata: 678901\ndata: ab",
        b"event: 0123456\nid: 01234567890\n",
        b"data\n" * 20,
    ],
)
def test_what_is_over_the_limit_is_an_error_after_the_events_before_it(data: bytes) -> None:
    stream = b"data: ok\n\n" + data
    for cut in range(len(stream) + 1):
        parser, events, errors = Parser(20), [], 0
        for piece in (stream[:cut], stream[cut:], b""):
            try:
                events += parser.push(piece)
            except AdapterError as error:
                errors += error.kind is ErrorKind.UPSTREAM
        assert (events, errors > 0) == ([Event("ok")], True), cut
        with pytest.raises(AdapterError):
            parser.push(b"data: more\n\n")
        with pytest.raises(AdapterError):
            parser.finish()


def test_an_event_of_just_the_limit_passes() -> None:
    parser = Parser(20)
    assert len(parser.push(b"data: 0123456789abcd\n\n: 34567890123456789\n")) == 1
    assert parser.finish() == []


def test_invalid_text_that_grows_in_decoding_counts_as_grown() -> None:
    parser = Parser(40)
    parser.push(b"data: " + b"\xff" * 12 + b"\n")
    with pytest.raises(AdapterError):
        parser.push(b"data: \n")


def stream(reply: Reply) -> Stream:
    with Upstream(reply):
        return http.get("https://a.example").sse(limit=30)


def test_a_response_gives_batches_as_they_arrive() -> None:
    pieces = ["data: a\n\ndata: b\n\nda", "ta: c", "\n\n: idle\n\n", "data: d"]
    batches = stream(Reply.sse("").chunks(pieces)).batches()
    assert [[event.data for event in batch] for batch in batches] == [["a", "b"], ["c"], ["d"]]


@pytest.mark.parametrize(
    "reply", [Reply.sse("data: a\n\ndata: half").breaks_off(), Reply.sse(f"data: a\n\ndata: {'0' * 30}")]
)
def test_a_response_that_breaks_off_or_is_over_the_limit_gives_what_came_before(reply: Reply) -> None:
    events = iter(stream(reply))
    assert next(events) == Event("a")
    with pytest.raises(AdapterError) as raised:
        next(events)
    assert raised.value.kind is ErrorKind.UPSTREAM
    assert next(events, None) is None


def test_an_event_is_read_as_json_and_done_is_known() -> None:
    assert Event('{"a":1}').json() == {"a": 1}
    assert Event(" [DONE]").is_done
    for data in ("[1]", "{", ""):
        with pytest.raises(AdapterError):
            Event(data).json()
