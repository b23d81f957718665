"""Refusals: each of the provider's error types, and answers that are not its own."""

import pytest
from caisson import AdapterError, ErrorKind
from caisson.testing import Reply, Upstream, context
from exchange import fixture, refusal, request

from anthropic_adapter import Anthropic


def body(kind: str, message: str) -> str:
    return f'{{"type":"error","error":{{"type":"{kind}","message":"{message}"}},"request_id":"req_7"}}'


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (400, "invalid_request_error", ErrorKind.INVALID_REQUEST),
        (401, "authentication_error", ErrorKind.AUTHENTICATION),
        (402, "billing_error", ErrorKind.QUOTA_EXCEEDED),
        (403, "permission_error", ErrorKind.PERMISSION),
        (404, "not_found_error", ErrorKind.NOT_FOUND),
        (409, "conflict_error", ErrorKind.CONFLICT),
        (413, "request_too_large", ErrorKind.TOO_LARGE),
        (429, "rate_limit_error", ErrorKind.RATE_LIMITED),
        (500, "api_error", ErrorKind.UPSTREAM),
        (504, "timeout_error", ErrorKind.TIMEOUT),
        (529, "overloaded_error", ErrorKind.UPSTREAM),
    ],
)
def test_every_error_type_keeps_its_status_code_and_words(status: int, kind: str, expected: ErrorKind) -> None:
    sent = body(kind, "Come back later")
    error = refusal(Reply.json(status, sent))
    assert (error.kind, error.status, error.code, error.body) == (expected, status, kind, sent)
    assert error.message == "Come back later (request req_7)"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("prompt is too long: 215000 tokens > 200000 maximum", ErrorKind.CONTEXT_LENGTH),
        ("input length and `max_tokens` exceed context limit: 1 + 2 > 2", ErrorKind.CONTEXT_LENGTH),
        ("Your credit balance is too low to access the API", ErrorKind.QUOTA_EXCEEDED),
        ("max_tokens: must be positive", ErrorKind.INVALID_REQUEST),
    ],
)
def test_some_invalid_requests_are_known_by_their_words(message: str, expected: ErrorKind) -> None:
    assert refusal(Reply.json(400, body("invalid_request_error", message))).kind is expected


def test_the_wait_that_the_provider_asks_for_is_carried() -> None:
    reply = Reply.json(429, body("rate_limit_error", "Slow")).header("retry-after", "17")
    assert refusal(reply).retry_after_ms == 17_000


def test_the_request_id_is_found_in_the_header_too() -> None:
    plain = '{"type":"error","error":{"type":"api_error","message":"Internal"}}'
    assert refusal(Reply.json(500, plain).header("request-id", "req_8")).message == "Internal (request req_8)"


def test_a_proxys_page_is_bounded_and_judged_by_its_status() -> None:
    error = refusal(Reply.json(503, f"<html>{'⚓' * 100_000}</html>"))
    assert (error.kind, error.status) == (ErrorKind.UPSTREAM, 503)
    assert len((error.body or "").encode()) <= 4096
    assert len(error.message.encode()) <= 8192


def test_a_refused_connection_is_an_upstream_error() -> None:
    assert refusal(Reply.connection_refused()).kind is ErrorKind.UPSTREAM


def test_a_failed_request_is_sent_again_only_if_the_operator_says_so() -> None:
    replies = [Reply.json(529, body("overloaded_error", "Overloaded")), Reply.json(200, fixture("message.json"))]
    with Upstream(*replies) as upstream, pytest.raises(AdapterError):
        Anthropic().complete(context(), request())
    assert len(upstream.requests) == 1
    with Upstream(*replies) as upstream:
        Anthropic().complete(context(max_retries="2"), request())
    assert (len(upstream.requests), upstream.open_bodies) == (2, 0)
