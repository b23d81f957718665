"""Anthropic over HTTP: one endpoint, its headers. The key is not here: the host adds it. Its failures are
`refusals`', and what the bodies mean is `conversions`'."""

from caisson import AdapterError, Context, Response, Retry, http
from caisson.json import Json

from anthropic_adapter import refusals

HOST = "https://api.anthropic.com"
"""Where the API lives; what Anthropic's own SDK takes as its base URL."""
VERSION = "2023-06-01"
"""The version of the API that the wire here follows."""
DEFAULT_MAX_TOKENS = 4_096
"""Anthropic wants a cap on every answer; this is for requests without one."""


def send(context: Context, body: dict[str, Json]) -> Response:
    """Sends a request; a refusal is an error with what the provider said."""
    headers = {"anthropic-version": context.settings.get("anthropic-version") or VERSION}
    if features := _beta_features(context):
        headers["anthropic-beta"] = features
    if context.traceparent:
        headers["traceparent"] = context.traceparent
    response = http.post(
        f"{context.base_url_or(HOST)}/v1/messages",
        json=body,
        headers=headers,
        timeout=context.timeout,
        retry=Retry.configured(context),
    )
    if response.status >= 300:
        raise refusals.of_response(response)
    return response


def default_max_tokens(context: Context) -> int:
    """The cap for requests that set none."""
    text = context.settings.get("default-max-tokens", "").strip()
    if not text:
        return DEFAULT_MAX_TOKENS
    if not (text.isascii() and text.isdigit() and int(text) < 1 << 32):
        raise AdapterError.internal(f"setting default-max-tokens is {text!r}, not a whole number")
    return int(text)


def _beta_features(context: Context) -> str:
    """The deployment's features, and the client's where the deployment lets them pass."""
    both = (context.settings.get("anthropic-beta"), context.header("anthropic-beta"))
    return ",".join(names for names in both if names)
