"""Requests as they leave and answers as they are read, against the scripted upstream."""

from typing import Any

import pytest

from caisson import AdapterError, ErrorKind, Response, http
from caisson.testing import Reply, Sent, Upstream
from caisson.transport import Timeouts

URL = "https://a.example"


def sent(*arguments: Any, **fields: Any) -> Sent:
    with Upstream(Reply.json(200, "{}")) as upstream:
        http.request(*arguments, **fields)
    return upstream.requests[0]


def answer(reply: Reply) -> Response:
    with Upstream(reply):
        return http.get(URL)


def test_a_request_leaves_as_it_was_built() -> None:
    made = sent(
        "POST",
        "http://a.example:81/v1?x=1",
        params={"model": "a/b"},
        headers={"X-Version": "7"},
        json={"text": "ü"},
        timeout=5.0,
    )
    assert made == Sent(
        "POST",
        "http://a.example:81/v1?x=1&model=a%2Fb",
        [("x-version", "7"), ("content-type", "application/json")],
        '{"text":"ü"}'.encode(),
    )


def test_a_content_type_of_ones_own_stays() -> None:
    made = sent("POST", URL, json=1, headers=[("Content-Type", "application/x-own")])
    assert made.headers == [("content-type", "application/x-own")]


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        ("a.example/path", {}),
        ("ftp://a.example", {}),
        ("https://", {}),
        ("https://user@a.example", {}),
        ("https://a b/", {}),
        ("https://a\\b/", {}),
        ("https://ä.example/", {}),
        ("https://a.example/\r\nx: y", {}),
        (URL, {"headers": {"x-a": "b\r\nx-c: d"}}),
        (URL, {"headers": {"x a": "b"}}),
        (URL, {"headers": {"": "b"}}),
        (URL, {"headers": {"x-a": "\ud83d"}}),
        (URL, {"headers": {"x-a": 7}}),
        (URL, {"headers": {"Host": "b.example"}}),
        (URL, {"headers": {"content-length": "3"}}),
        (URL, {"json": {1, 2}}),
        (URL, {"json": float("nan")}),
    ],
)
def test_what_can_not_be_sent_is_an_internal_error_and_stays_here(url: str, fields: dict[str, Any]) -> None:
    with Upstream(Reply.json(200, "{}")) as upstream, pytest.raises(AdapterError) as raised:
        http.request("POST", url, **fields)
    assert raised.value.kind is ErrorKind.INTERNAL
    assert not upstream.requests


@pytest.mark.parametrize(
    ("url", "left"),
    [
        ("HTTPS://a.example:8080/v1/x?y=1#z", "https://a.example:8080/v1/x?y=1"),
        ("https://a.example?y", "https://a.example/?y"),
        ("https://[::1]:9/a%20b c/é", "https://[::1]:9/a%20b%20c/%C3%A9"),
    ],
)
def test_a_url_leaves_as_it_was_written_but_for_what_has_no_place_in_one(url: str, left: str) -> None:
    assert sent("GET", url).url == left


def test_a_models_name_stays_one_segment() -> None:
    assert [http.path_segment(name) for name in ("gpt-4.1", "../admin?x=é", "..")] == [
        "gpt-4.1",
        "..%2Fadmin%3Fx%3D%C3%A9",
        "%252E%252E",
    ]


@pytest.mark.parametrize(("status", "fine"), [(200, True), (204, True), (302, False), (400, False), (500, False)])
def test_any_status_is_an_answer_and_only_success_is_not_raised(status: int, fine: bool) -> None:
    response = answer(Reply.json(status, "{}"))
    assert response.status == status
    if fine:
        assert response.raise_for_status() is response
    else:
        with pytest.raises(AdapterError) as raised:
            response.raise_for_status()
        assert raised.value.status == status


def test_a_body_comes_in_its_pieces() -> None:
    response = answer(Reply.text(200, "abcde").chunk_size(2).header("X-Id", "7"))
    assert response.header("x-ID") == "7"
    assert list(response.iter_bytes()) == [b"ab", b"cd", b"e"]
    assert response.chunk() is None
    assert answer(Reply.text(200, b"a\xffb")).text() == "a\N{REPLACEMENT CHARACTER}b"


def test_a_body_over_the_limit_is_an_error() -> None:
    reply = Reply.text(200, "abcde").split_at_every_byte()
    assert answer(reply).read(5) == b"abcde"
    with pytest.raises(AdapterError, match="over 4 bytes") as raised:
        answer(reply).read(4)
    assert raised.value.kind is ErrorKind.UPSTREAM


def test_a_body_that_breaks_off_is_an_error() -> None:
    with pytest.raises(AdapterError, match=r"^https://a\.example: the answer broke off$"):
        answer(Reply.json(200, "{}").breaks_off()).json()


@pytest.mark.parametrize("body", ["", "<html>", '{"a":', "NaN", '["x"]', "[" * 1_000_000, b'"\xff"', "9" * 5000])
def test_json_of_another_shape_is_the_providers_fault(body: str | bytes) -> None:
    with pytest.raises(AdapterError) as raised:
        answer(Reply.json(200, body)).json_object()
    assert (raised.value.kind, raised.value.status) == (ErrorKind.UPSTREAM, 200)


@pytest.mark.parametrize(
    ("reply", "kind", "message", "code"),
    [
        (
            Reply.denied(),
            ErrorKind.UPSTREAM,
            "egress denied: https://a.example:8443: not granted to this deployment",
            "egress_denied",
        ),
        (Reply.timeout(), ErrorKind.TIMEOUT, "https://a.example:8443: the answer took too long", None),
        (
            Reply.connection_refused(),
            ErrorKind.UPSTREAM,
            "could not reach https://a.example:8443: connection refused",
            None,
        ),
    ],
)
def test_faults_name_the_origin_and_what_happened(
    reply: Reply, kind: ErrorKind, message: str, code: str | None
) -> None:
    with Upstream(reply), pytest.raises(AdapterError) as raised:
        http.get("https://a.example:8443/x?key=y", timeout=Timeouts(connect=1))
    assert (raised.value.kind, raised.value.message, raised.value.code) == (kind, message, code)


def test_an_answer_is_closed_however_it_is_left() -> None:
    reply = Reply.sse("data: a\n\ndata: b\n\n").split_at_every_byte()
    with Upstream(*[reply] * 6) as upstream:
        http.get(URL).read()
        next(iter(http.get(URL).sse()))
        http.get(URL).close()
        with http.get(URL) as response:
            response.chunk()
        with pytest.raises(AdapterError):
            http.get(URL).read(1)
        http.get(URL)
        assert upstream.open_bodies == 0


def test_without_a_script_or_a_reply_the_error_says_so() -> None:
    with pytest.raises(AdapterError, match="do this inside"):
        http.get(URL)
    with Upstream(), pytest.raises(AdapterError, match="no reply left"):
        http.get(URL)
