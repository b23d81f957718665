"""The provider's refusals → the contract's errors, from a status or out of a stream. The type that the provider
names decides; the status is for answers that name none, as a proxy in between gives."""

from caisson import AdapterError, ErrorKind, Response, json
from caisson.json import Json

# Enough for any message of the provider's; a proxy's page of HTML is cut.
_LONGEST = 4 << 10

_TYPES = {
    "invalid_request_error": (ErrorKind.INVALID_REQUEST, 400),
    "authentication_error": (ErrorKind.AUTHENTICATION, 401),
    "billing_error": (ErrorKind.QUOTA_EXCEEDED, 402),
    "permission_error": (ErrorKind.PERMISSION, 403),
    "not_found_error": (ErrorKind.NOT_FOUND, 404),
    "conflict_error": (ErrorKind.CONFLICT, 409),
    "request_too_large": (ErrorKind.TOO_LARGE, 413),
    "rate_limit_error": (ErrorKind.RATE_LIMITED, 429),
    "api_error": (ErrorKind.UPSTREAM, 500),
    "timeout_error": (ErrorKind.TIMEOUT, 504),
    "overloaded_error": (ErrorKind.UPSTREAM, 529),
}


def of_response(response: Response) -> AdapterError:
    """The error of an answer with a status of 300 or above."""
    request_id = response.header("request-id")
    error = response.error()
    try:
        failure = json.loads_object(error.body or "")
    except ValueError:
        failure = {}
    if named := _named(failure):
        kind, words = named
        error.kind = _kind(kind, words) or error.kind
        error.message = _message(kind, words, json.text(failure, "request_id") or request_id)
        error.code = kind
    error.body = _cut(error.body) if error.body else None
    return error


def in_stream(failure: dict[str, Json], data: str) -> AdapterError:
    """The error that an `error` event of a stream brings, with the status it would have had."""
    named = _named(failure)
    if named is None:
        return AdapterError.upstream("an event of the stream could not be read: an error without a type")
    kind, words = named
    return AdapterError(
        _TYPES[kind][1] if kind in _TYPES else None,
        _message(kind, words, json.text(failure, "request_id")),
        kind=_kind(kind, words) or ErrorKind.UPSTREAM,
        code=kind,
        body=_cut(data),
    )


def _named(failure: dict[str, Json]) -> tuple[str, str] | None:
    """The type that a failure names, and its words."""
    detail = json.object_in(failure, "error") or {}
    kind = json.text(detail, "type")
    return None if kind is None else (kind, json.text(detail, "message") or "")


def _kind(kind: str, words: str) -> ErrorKind | None:
    # One type covers what the contract keeps apart; only the message tells.
    if kind == "invalid_request_error":
        if "prompt is too long" in words or "exceed context limit" in words:
            return ErrorKind.CONTEXT_LENGTH
        if "credit balance is too low" in words or "API usage limits" in words:
            return ErrorKind.QUOTA_EXCEEDED
    return _TYPES[kind][0] if kind in _TYPES else None


def _message(kind: str, words: str, request_id: str | None) -> str:
    """The provider's words, with the id that its support asks for."""
    said = _cut(words or kind)
    return f"{said} (request {_cut(request_id)})" if request_id else said


def _cut(text: str) -> str:
    return text.encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore")
