"""Refusals in the shapes that providers use, and what each becomes."""

import pytest

from caisson import AdapterError, ErrorKind, http, kind_of_status
from caisson.refusal import error_of
from caisson.testing import Reply, Upstream


def raised_by(reply: Reply) -> AdapterError:
    with Upstream(reply) as upstream, pytest.raises(AdapterError) as raised:
        http.get("https://a.example").raise_for_status()
    assert upstream.open_bodies == 0
    return raised.value


def test_an_error_is_a_status_and_a_message_and_its_kind_follows() -> None:
    error = AdapterError(429, "slow down", retry_after_ms=500)
    assert (str(error), error.kind, error.retry_after_ms) == ("slow down", ErrorKind.RATE_LIMITED, 500)
    assert AdapterError(None, "bug").kind is ErrorKind.INTERNAL
    assert AdapterError(400, "too long", kind=ErrorKind.CONTEXT_LENGTH).kind is ErrorKind.CONTEXT_LENGTH


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, "upstream"),
        (400, "invalid-request"),
        (401, "authentication"),
        (402, "quota-exceeded"),
        (403, "permission"),
        (404, "not-found"),
        (405, "invalid-request"),
        (408, "timeout"),
        (409, "conflict"),
        (410, "not-found"),
        (413, "too-large"),
        (422, "invalid-request"),
        (429, "rate-limited"),
        (500, "upstream"),
        (503, "upstream"),
        (504, "timeout"),
        (529, "upstream"),
    ],
)
def test_each_status_has_its_kind(status: int, kind: str) -> None:
    assert kind_of_status(status) == kind


@pytest.mark.parametrize(
    ("status", "body", "message", "code", "param"),
    [
        (
            400,
            '{"error":{"message":"m","type":"invalid_request_error","param":"tools[0]","code":"bad_tool"}}',
            "m",
            "bad_tool",
            "tools[0]",
        ),
        (400, '{"error":{"message":"m","type":"t","param":null,"code":null}}', "m", "t", None),
        (529, '{"type":"error","error":{"type":"overloaded_error","message":"m"}}', "m", "overloaded_error", None),
        (400, '{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}', "m", "INVALID_ARGUMENT", None),
        (400, '[{"error":{"code":400,"message":"m","status":"X"}}]', "m", "X", None),
        (400, '{"error":{"code":1301,"message":"m"}}', "m", "1301", None),
        (404, '{"error":"m"}', "m", None, None),
        (404, '{"error":"m","code":"c"}', "m", "c", None),
        (400, '{"message":"m","type":"t","error":null}', "m", "t", None),
        (400, '{"detail":"m"}', "m", None, None),
        (422, '{"detail":[{"loc":["body"],"msg":"m"}]}', "m", None, None),
        (400, '{"errors":[{"message":"m"}]}', "m", None, None),
        (500, "it burns\nstack trace", "the provider answered with status 500: it burns", None, None),
        (502, "<html>Bad Gateway</html>", "the provider answered with status 502", None, None),
        (503, "", "the provider answered with status 503", None, None),
        (500, "{}", "the provider answered with status 500", None, None),
        (500, "null", "the provider answered with status 500", None, None),
        (500, "[]", "the provider answered with status 500", None, None),
        (500, "[" * 100_000, "the provider answered with status 500: " + "[" * 500, None, None),
        (302, "", "the provider answered with a redirect (status 302), and none is followed", None, None),
    ],
)
def test_the_shapes_in_use_are_read(status: int, body: str, message: str, code: str | None, param: str | None) -> None:
    error = error_of(status, [], body.encode())
    assert (error.message, error.code, error.param, error.status) == (message, code, param, status)
    assert error.body == (body[: 16 << 10] or None)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "insufficient_quota", ErrorKind.QUOTA_EXCEEDED),
        (400, "context_length_exceeded", ErrorKind.CONTEXT_LENGTH),
        (400, "content_policy_violation", ErrorKind.CONTENT_FILTERED),
        (400, "anything_else", ErrorKind.INVALID_REQUEST),
    ],
)
def test_a_known_code_says_more_than_the_status(status: int, code: str, kind: ErrorKind) -> None:
    assert raised_by(Reply.json(status, {"error": {"message": "m", "code": code}})).kind is kind


def test_a_message_may_say_what_no_code_does() -> None:
    body = {"message": "This model's maximum context length is 4096 tokens"}
    assert raised_by(Reply.json(400, body)).kind is ErrorKind.CONTEXT_LENGTH


def test_a_response_brings_its_wait() -> None:
    reply = Reply.json(429, {"error": "slow down"}).header("Retry-After", "1.5").split_at_every_byte()
    assert raised_by(reply).retry_after_ms == 1500
    assert raised_by(Reply.json(429, "{}").header("retry-after", "1e30")).retry_after_ms == 2**32 - 1
    assert raised_by(Reply.json(429, "{}").header("retry-after", "inf")).retry_after_ms == 2**32 - 1
    assert raised_by(Reply.json(500, "{}")).retry_after_ms is None


def test_a_huge_refusal_is_cut_on_a_character() -> None:
    error = error_of(400, [], ('{"error":"a' + "ü" * 100_000 + '"}').encode())
    assert len(error.message.encode()) <= 4096
    assert error.message.endswith("ü")
    assert len(raised_by(Reply.text(500, "ü" * 1_000_000)).body or "") <= 16 << 10


def test_a_refusal_that_breaks_off_is_still_that_refusal() -> None:
    error = raised_by(Reply.text(401, "no").breaks_off())
    assert (error.kind, error.status) == (ErrorKind.AUTHENTICATION, 401)
