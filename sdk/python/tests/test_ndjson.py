"""Lines of every shape, each cut at every place. Limits besides."""

import pytest

from caisson import AdapterError, ErrorKind, http
from caisson.ndjson import Parser, Stream
from caisson.testing import Reply, Upstream

STREAMS: list[tuple[bytes, list[str]]] = [
    (b"", []),
    (b"\n\r\n \n\r", []),
    (b'{"a":1}\n{"a":2}\n', ['{"a":1}', '{"a":2}']),
    (b'{"a":1}\r\n\r\n{"a":2}\r\n', ['{"a":1}', '{"a":2}']),
    (b"1\r2\r", ["1", "2"]),
    (b" 1 \n\t2", ["1", "2"]),
    (b"\xef\xbb\xbf1\n\xef\xbb\xbf2\n", ["1", "\ufeff2"]),
    ('"ü\U0001f980\u2028"\n'.encode(), ['"ü\U0001f980\u2028"']),
    (b'"\xff"', ['"\ufffd"']),
]


@pytest.mark.parametrize(("data", "lines"), STREAMS)
def test_any_two_cuts_change_nothing(data: bytes, lines: list[str]) -> None:
    cuts = [(first, second) for first in range(len(data) + 1) for second in range(first, len(data) + 1)]
    for first, second in cuts:
        parser = Parser()
        pieces = (data[:first], data[first:second], data[second:])
        assert [line for piece in pieces for line in parser.push(piece)] + parser.finish() == lines, (first, second)


def test_a_line_over_the_limit_is_an_error_after_the_lines_before_it() -> None:
    stream = b"1\n123456\n3\n"
    for cut in range(len(stream) + 1):
        parser, lines = Parser(5), []
        for piece in (stream[:cut], stream[cut:]):
            try:
                lines += parser.push(piece)
            except AdapterError:
                break
        assert lines == ["1"], cut
        with pytest.raises(AdapterError) as raised:
            parser.finish()
        assert raised.value.kind is ErrorKind.UPSTREAM
    assert Parser(5).push(b"12345\n12345\n") == ["12345", "12345"]


def stream(reply: Reply) -> Stream:
    with Upstream(reply):
        return http.get("https://a.example").ndjson()


def test_a_response_gives_its_lines_and_then_its_fault() -> None:
    lines = iter(stream(Reply.ndjson('1\n2\n{"half').breaks_off()))
    assert [next(lines), next(lines)] == ["1", "2"]
    with pytest.raises(AdapterError):
        next(lines)


def test_lines_are_read_as_objects() -> None:
    objects = stream(Reply.ndjson('{"a":1}\n\n[1]\n')).objects()
    assert next(objects) == {"a": 1}
    with pytest.raises(AdapterError):
        next(objects)
