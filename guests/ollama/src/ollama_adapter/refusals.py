"""The server's refusals → the contract's errors, from a status or out of a stream. Ollama says what is wrong in one
string, so where a status covers several kinds the words decide."""

from caisson import AdapterError, ErrorKind, Response, json
from caisson.json import Json

# Enough for any message of the server's.
_LONGEST = 4 << 10


def of_response(response: Response) -> AdapterError:
    """The error of an answer with another status than 2xx."""
    error = response.error()
    if error.status == 400:
        error.kind = _kind(error.message) or error.kind
    return error


def raise_if_failed(fields: dict[str, Json]) -> None:
    """Raises where an object that came with status 200 is an error: how a stream fails once it has begun."""
    failure = fields.get("error")
    if failure is None:
        return
    detail = failure if isinstance(failure, dict) else {}
    said = failure if isinstance(failure, str) else json.text(detail, "message")
    message = _cut(said or "the server failed and did not say why")
    raise AdapterError(None, message, kind=_kind(message) or ErrorKind.UPSTREAM)


def _kind(words: str) -> ErrorKind | None:
    if "context length" in words:
        return ErrorKind.CONTEXT_LENGTH
    # As in: "llama3.2" does not support thinking.
    return ErrorKind.UNSUPPORTED if "does not support" in words else None


def _cut(text: str) -> str:
    return text.encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore")
