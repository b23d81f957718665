"""A request, checked and sent, again where its `Retry` says so. Reading the answer is `response`'s."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from caisson import json as _json
from caisson import retry as _retry
from caisson import transport
from caisson.error import AdapterError
from caisson.http import url as _url
from caisson.http.response import Response, error_of_fault
from caisson.retry import Attempts, Retry
from caisson.transport import Answer, Call, Fault, FaultKind, Timeouts

Headers: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]


def get(
    url: str,
    *,
    headers: Headers = (),
    params: Mapping[str, str] | None = None,
    timeout: float | Timeouts | None = None,
    retry: Retry | None = None,
) -> Response:
    """A GET of this absolute URL; see `request`."""
    return request("GET", url, headers=headers, params=params, timeout=timeout, retry=retry)


def post(
    url: str,
    *,
    json: object = None,
    body: bytes | None = None,
    headers: Headers = (),
    params: Mapping[str, str] | None = None,
    timeout: float | Timeouts | None = None,
    retry: Retry | None = None,
) -> Response:
    """A POST to this absolute URL; see `request`."""
    return request("POST", url, json=json, body=body, headers=headers, params=params, timeout=timeout, retry=retry)


def request(
    method: str,
    url: str,
    *,
    json: object = None,
    body: bytes | None = None,
    headers: Headers = (),
    params: Mapping[str, str] | None = None,
    timeout: float | Timeouts | None = None,
    retry: Retry | None = None,
) -> Response:
    """Sends a request and waits for the answer's head, whatever its status.

    `json` is sent as JSON, `body` as it is. The host adds `host`, the credential and what concerns the
    connection. A `timeout` in seconds holds for connecting, for the first byte and for each next piece, each
    by itself. Without `retry` the request is sent once.

    Raises `AdapterError` of kind `timeout` where time ran out, `upstream` where nobody answered or the host
    refused (code `egress_denied`), `internal` where the request is not one that can be sent.
    """
    call = _call(method, url, json, body, headers, params, timeout)
    attempts = Attempts(retry or Retry())
    while True:
        outcome = _attempt(call)
        wait = attempts.next_wait(_asked(outcome)) if _may_help(outcome) else None
        if wait is None:
            if isinstance(outcome, Fault):
                raise error_of_fault(call.origin, outcome) from None
            return Response(call.origin, outcome)
        # Closes the connection of a refused attempt before waiting for the next.
        if isinstance(outcome, Answer):
            outcome.body.close()
        transport.sleep(wait)


def _attempt(call: Call) -> Answer | Fault:
    try:
        return transport.send(call)
    except Fault as fault:
        return fault


def _may_help(outcome: Answer | Fault) -> bool:
    if isinstance(outcome, Fault):
        return outcome.kind is FaultKind.UNREACHABLE
    return _retry.may_help(outcome.status, outcome.headers)


def _asked(outcome: Answer | Fault) -> float | None:
    return None if isinstance(outcome, Fault) else _retry.asked_wait(outcome.headers)


def _call(
    method: str,
    url: str,
    json: object,
    body: bytes | None,
    headers: Headers,
    params: Mapping[str, str] | None,
    timeout: float | Timeouts | None,
) -> Call:
    try:
        secure, authority, path = _url.take_apart(url)
    except ValueError as error:
        raise AdapterError.internal(f"{url!r} is no URL to send to: {error}") from None
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    sent = [_checked_header(name, value) for name, value in pairs]
    if json is not None:
        body = _json_body(json)
        if not any(name == "content-type" for name, _ in sent):
            sent.append(("content-type", "application/json"))
    if body is None and method in ("POST", "PUT", "PATCH"):
        body = b""
    timeouts = timeout if isinstance(timeout, Timeouts) else Timeouts(timeout, timeout, timeout)
    return Call(method, secure, authority, _url.with_query(path, params or {}), sent, body, timeouts)


def _json_body(value: object) -> bytes:
    try:
        return _json.dumps(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise AdapterError.internal(f"the request does not become JSON: {error}") from None


_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
# What concerns the connection and the body's framing.
_HOSTS_OWN = frozenset(
    (
        "connection",
        "content-length",
        "host",
        "http2-settings",
        "keep-alive",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    )
)


def _checked_header(name: str, value: str) -> tuple[str, str]:
    """A value often comes from a client, and a line break in it would be a header of its own."""
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        raise AdapterError.internal(f"{name!r} is no header name")
    if name.lower() in _HOSTS_OWN:
        raise AdapterError.internal(f"header {name} is not for an adapter to set")
    if not isinstance(value, str):
        raise AdapterError.internal(f"the value of header {name} must be text, not {type(value).__name__}")
    if _UNFIT.search(value):
        raise AdapterError.internal(f"the value of header {name} has control characters")
    return name.lower(), value
