"""The adapter against exchanges in the wire of the README, through the same methods that the host calls."""

import struct
from base64 import b64encode
from collections import deque
from typing import Any
from urllib.parse import parse_qsl

import pytest
from caisson import AdapterError, ChatRequest, EmbedRequest, ErrorKind, Event, Finish, Image, Message, TextDelta, Tool
from caisson.api import UrlSource, Usage
from caisson.testing import Reply, Upstream, collect, context

from intranet_adapter import Intranet

TICKET = Reply.text(200, "OK 0\nticket=t-1\n")


def frame(kind: str, payload: str | bytes) -> bytes:
    data = payload.encode() if isinstance(payload, str) else payload
    return kind.encode() + len(data).to_bytes(4) + data


END = frame("Z", "in=7 out=3 end=eos")
OUTPUT = frame("Q", "2") + frame("T", "Grüß".encode()[:3]) + frame("T", "Grüß".encode()[3:]) + frame("T", " Gott") + END


def frames(data: bytes) -> Reply:
    return Reply(200, "application/x-desk-frames", data)


def request(**fields: Any) -> ChatRequest:
    return ChatRequest(**{"model": "clerk", "messages": [Message.user("Ahoy?")], **fields})


def stream(reply: Reply) -> list[Event]:
    with Upstream(TICKET, reply) as upstream:
        events = collect(Intranet().stream(context(), request()))
    assert upstream.open_bodies == 0
    return events


def failure(*replies: Reply) -> tuple[list[Event], AdapterError]:
    """What a stream said before it failed, and how it failed."""
    heard: list[Any] = []
    with Upstream(*replies) as upstream, pytest.raises(AdapterError) as raised:
        deque(map(heard.append, Intranet().stream(context(), request())))
    assert upstream.open_bodies == 0
    return heard, raised.value


def test_a_job_is_submitted_as_a_form_and_collected_by_its_ticket() -> None:
    asked = request(
        messages=[Message.system("Be brief."), Message.user("a&b=ü"), Message.assistant("?"), Message.user("Ahoy?")],
        max_tokens=9,
        temperature=0.7,
        stop=["END", "FIN"],
    )
    with Upstream(TICKET, frames(OUTPUT)) as upstream:
        answer = Intranet().complete(context(), asked)
    submitted, collected = upstream.requests
    assert submitted.url == "https://desk.intranet.example/desk/submit"
    assert submitted.header("content-type") == "application/x-www-form-urlencoded"
    assert parse_qsl((submitted.body or b"").decode()) == [
        ("model", "clerk"),
        ("turn", "rules:Be brief."),
        ("turn", "asker:a&b=ü"),
        ("turn", "desk:?"),
        ("turn", "asker:Ahoy?"),
        ("cap", "9"),
        ("heat", "70"),
        ("mark", "END"),
        ("mark", "FIN"),
    ]
    assert (collected.url, collected.body) == ("https://desk.intranet.example/desk/collect", b"ticket=t-1")
    assert answer.choices[0].message.text == "Grüß Gott"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage == Usage(7, 3)


def test_words_come_as_their_frames_do_however_the_bytes_are_split() -> None:
    for reply in (frames(OUTPUT), frames(OUTPUT).split_at_every_byte()):
        assert stream(reply) == [
            TextDelta("Gr"),
            TextDelta("üß"),
            TextDelta(" Gott"),
            Finish("stop"),
            Usage(7, 3),
        ]


@pytest.mark.parametrize(
    ("end", "reason"), [("mark", "stop"), ("cap", "length"), ("policy", "content_filter"), ("new", "new")]
)
def test_an_end_has_openais_name(end: str, reason: str) -> None:
    assert stream(frames(frame("Z", f"in=1 out=0 end={end}")))[0] == Finish(reason)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("4000", 400, ErrorKind.INVALID_REQUEST),
        ("4001", 400, ErrorKind.CONTEXT_LENGTH),
        ("4010", 401, ErrorKind.AUTHENTICATION),
        ("4040", 404, ErrorKind.NOT_FOUND),
        ("4290", 429, ErrorKind.RATE_LIMITED),
        ("5030", 503, ErrorKind.UPSTREAM),
    ],
)
def test_a_code_in_a_body_is_a_status(code: str, status: int, kind: ErrorKind) -> None:
    refusal = Reply.text(200, f"ERR {code} It says no.\nwait=2\n")
    for replies in ([refusal], [TICKET, refusal]):
        heard, error = failure(*replies)
        assert (heard, error.status, error.kind, error.code) == ([], status, kind, code)
        assert (error.message, error.retry_after_ms) == ("It says no.", 2000)


def test_a_job_that_fails_says_so_after_its_words() -> None:
    heard, error = failure(TICKET, frames(frame("T", "Half a") + frame("E", "5000 The press jammed.") + END))
    assert (heard, error.status, error.message) == ([TextDelta("Half a")], 500, "The press jammed.")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        OUTPUT[:-1],
        OUTPUT[: -len(END)],
        b"T\xff\xff\xff\xff",
        frame("T", b"\xff"),
        frame("T", b"\xc3") + END,
        frame("Z", ""),
        frame("Z", "in=many out=1"),
        frame("Z", f"in={'9' * 5000} out=1"),
        frame("E", "what"),
        frame("E", "200 fine"),
    ],
)
def test_broken_output_is_the_services_fault(data: bytes) -> None:
    for reply in (frames(data), frames(data).split_at_every_byte()):
        assert failure(TICKET, reply)[1].kind is ErrorKind.UPSTREAM


@pytest.mark.parametrize("text", ["", "<html>", "OK 0\n", "OK 0\nticket=\n", "ERR", "ERR 1 x", b"\xff"])
def test_broken_lines_are_the_services_fault(text: str | bytes) -> None:
    assert failure(Reply.text(200, text))[1].kind is ErrorKind.UPSTREAM


def test_a_proxys_refusal_keeps_its_status() -> None:
    assert failure(Reply.text(503, "busy").header("retry-after", "3"))[1].retry_after_ms == 3000


def test_vectors_are_little_endian_floats_in_base64() -> None:
    blobs = [b64encode(struct.pack("<2f", *pair)).decode() for pair in ((1, -0.5), (0.25, 2))]
    with Upstream(Reply.text(200, f"OK 0\nv={blobs[0]}\nv={blobs[1]}\ntokens=5\n")) as upstream:
        answer = Intranet().embed(context(), EmbedRequest("ledger", ["a", "b"]))
    assert upstream.requests[0].body == b"model=ledger&text=a&text=b"
    assert (answer.vectors, answer.usage) == ([[1, -0.5], [0.25, 2]], Usage(5, 0))


@pytest.mark.parametrize(
    "lines",
    ["", "v=AACAPw==", "v=AACAPw==\nv=AACA\ntokens=1", "v=?\nv=?", "v=\nv=", "v=AADAfw==\nv=AADAfw==\ntokens=1"],
)
def test_broken_vectors_are_the_services_fault(lines: str) -> None:
    with Upstream(Reply.text(200, f"OK 0\n{lines}\n")), pytest.raises(AdapterError) as raised:
        Intranet().embed(context(), EmbedRequest("ledger", ["a", "b"]))
    assert raised.value.kind is ErrorKind.UPSTREAM


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [Tool("now")]}, "tools"),
        ({"n": 2}, "n"),
        ({"response_format": "json_object"}, "response_format"),
        ({"messages": [Message.user([Image(UrlSource("https://x.example/a.png"))])]}, "messages[0].content[0]"),
    ],
)
def test_what_the_service_cannot_do_is_refused_with_its_place(fields: Any, param: str) -> None:
    with Upstream() as upstream, pytest.raises(AdapterError) as raised:
        Intranet().complete(context(), request(**fields))
    assert (raised.value.kind, raised.value.param) == (ErrorKind.UNSUPPORTED, param)
    assert not upstream.requests
