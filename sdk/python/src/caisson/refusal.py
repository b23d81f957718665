"""A provider's refusal, whatever its shape, as an `AdapterError`: its status, message, code and param, the
wait it asks for, and the beginning of its body. Reads bytes only; the HTTP is `http`'s."""

from collections.abc import Sequence

from caisson import json, retry
from caisson.error import AdapterError, ErrorKind, kind_of_status
from caisson.json import Json

READ_AT_MOST = 64 << 10
"""How much of a refusal's body is worth reading."""
_BODY_AT_MOST = 16 << 10
_MESSAGE_AT_MOST = 4 << 10
_LINE_AT_MOST = 500


def error_of(status: int, headers: Sequence[tuple[str, str]], body: bytes) -> AdapterError:
    """What an answer outside 2xx means."""
    message, code, param = _said(status, body)
    if not message:
        redirect = f"the provider answered with a redirect (status {status}), and none is followed"
        message = redirect if 300 <= status < 400 else f"the provider answered with status {status}"
    wait = retry.asked_wait(headers)
    return AdapterError(
        status,
        cut(message, _MESSAGE_AT_MOST),
        kind=_kind(code, message) or kind_of_status(status),
        code=code,
        param=param,
        retry_after_ms=None if wait is None else int(min(wait * 1000, 0xFFFF_FFFF)),
        body=excerpt(body),
    )


def excerpt(body: bytes) -> str | None:
    """The beginning of a body, for `AdapterError.body`."""
    text = body[:_BODY_AT_MOST].decode("utf-8", "replace")
    return text if text.strip() else None


def cut(text: str, most: int) -> str:
    """The beginning of a text that is at most so many bytes of UTF-8."""
    data = text.encode("utf-8", "replace")
    return text if len(data) <= most else data[:most].decode("utf-8", "ignore")


def _said(status: int, body: bytes) -> tuple[str | None, str | None, str | None]:
    try:
        value = json.loads(body)
    except ValueError:
        return _plain_text(status, body), None, None
    return _said_in_json(status, value)


def _said_in_json(status: int, value: Json) -> tuple[str | None, str | None, str | None]:
    """The shapes in use: `{"error":{…}}`, `{"error":"…"}`, the same in a list, and flat objects."""
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict):
        return (value if isinstance(value, str) else None), None, None
    inner = value.get("error")
    if isinstance(inner, str):
        return inner, _text_of(value.get("code"), status), None
    said = inner if isinstance(inner, dict) else value

    def first_of(*names: str) -> str | None:
        return next((found for name in names if (found := _text_of(said.get(name), status))), None)

    def in_list(name: str, field: str) -> str | None:
        return next((_text_of(each.get(field), status) for each in json.objects(said.get(name))), None)

    message = (
        first_of("message", "detail", "error_description", "error_message", "msg")
        or in_list("errors", "message")
        or in_list("detail", "msg")
    )
    return message, first_of("code", "type", "status"), first_of("param")


def _text_of(value: Json, status: int) -> str | None:
    """A string as it is; a number as text, unless it only repeats the status."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value != status:
        return str(value)
    return None


def _plain_text(status: int, body: bytes) -> str | None:
    """A short plain text is a message; a page of HTML from some proxy is not."""
    text = body.decode("utf-8", "replace").strip()
    if not text or text.startswith("<"):
        return None
    return f"the provider answered with status {status}: {cut(text.splitlines()[0], _LINE_AT_MOST)}"


def _kind(code: str | None, message: str) -> ErrorKind | None:
    """A kind more exact than the status, where the code names one that many providers share."""
    if code in _KINDS:
        return _KINDS[code]
    return ErrorKind.CONTEXT_LENGTH if "maximum context length" in message else None


_KINDS = {
    "insufficient_quota": ErrorKind.QUOTA_EXCEEDED,
    "quota_exceeded": ErrorKind.QUOTA_EXCEEDED,
    "billing_hard_limit_reached": ErrorKind.QUOTA_EXCEEDED,
    "context_length_exceeded": ErrorKind.CONTEXT_LENGTH,
    "content_filter": ErrorKind.CONTENT_FILTERED,
    "content_policy_violation": ErrorKind.CONTENT_FILTERED,
    "model_not_found": ErrorKind.NOT_FOUND,
    "invalid_api_key": ErrorKind.AUTHENTICATION,
    "rate_limit_exceeded": ErrorKind.RATE_LIMITED,
}
