"""Ollama over HTTP: where it lives, what the operator set, how it refuses. A key, where one is needed, is not
here: the host adds it. What the bodies mean is `conversions`'."""

from caisson import AdapterError, Context, Response, Retry, http
from caisson.json import Json

from ollama_adapter import refusals
from ollama_adapter.conversions.request import Defaults

HOST = "http://localhost:11434"
"""Where a server listens unless told otherwise."""


def send(context: Context, path: str, body: dict[str, Json]) -> Response:
    """Sends a request; a refusal is an error with what the server said."""
    response = http.post(
        f"{context.base_url_or(HOST)}{path}",
        json=body,
        headers={"traceparent": context.traceparent} if context.traceparent else {},
        timeout=context.timeout,
        retry=Retry.configured(context),
    )
    if not 200 <= response.status < 300:
        raise refusals.of_response(response)
    return response


def defaults(context: Context) -> Defaults:
    """What the operator wants for requests that don't say."""
    keep_alive = context.settings.get("keep-alive", "").strip()
    return Defaults(_num_ctx(context.settings.get("num-ctx", "").strip()), _duration(keep_alive))


def _num_ctx(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise AdapterError.internal(f"setting num-ctx is {text!r}, not a whole number above 0")
    return int(text)


def _duration(text: str) -> Json:
    """Ollama reads a number as seconds, and refuses the same number as text."""
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) < 10:
        return int(text)
    return text or None
