"""One scripted reply: an answer with its body in pieces, or a fault."""

from collections.abc import Sequence
from dataclasses import replace

from caisson import json as _json
from caisson.transport import Fault, FaultKind
from caisson.transport.scripted import ScriptedReply


class Reply:
    """What the upstream does with one request. Every method gives a new reply."""

    def __init__(self, status: int, content_type: str, body: str | bytes) -> None:
        self.scripted = ScriptedReply(status, [("content-type", content_type)], [_bytes(body)])

    @classmethod
    def json(cls, status: int, body: object) -> "Reply":
        """Answers with JSON: text or bytes as they are, anything else as the JSON that it makes."""
        return cls(status, "application/json", body if isinstance(body, (str, bytes)) else _json.dumps(body))

    @classmethod
    def text(cls, status: int, body: str | bytes) -> "Reply":
        """Answers with plain text."""
        return cls(status, "text/plain", body)

    @classmethod
    def sse(cls, body: str | bytes) -> "Reply":
        """Answers 200 with server-sent events."""
        return cls(200, "text/event-stream", body)

    @classmethod
    def ndjson(cls, body: str | bytes) -> "Reply":
        """Answers 200 with lines of JSON."""
        return cls(200, "application/x-ndjson", body)

    @classmethod
    def connection_refused(cls) -> "Reply":
        """Doesn't answer: nobody listens there."""
        return cls._fault(FaultKind.UNREACHABLE, "connection refused")

    @classmethod
    def denied(cls) -> "Reply":
        """Doesn't answer: the host has no grant for it."""
        return cls._fault(FaultKind.DENIED, "not granted to this deployment")

    @classmethod
    def timeout(cls) -> "Reply":
        """Doesn't answer in time."""
        return cls._fault(FaultKind.TIMEOUT, "the answer took too long")

    def header(self, name: str, value: str) -> "Reply":
        """Adds a header to the answer."""
        return self._with(headers=[*self.scripted.headers, (name.lower(), value)])

    def chunks(self, chunks: Sequence[str | bytes]) -> "Reply":
        """Sends the body in these pieces, whatever it was."""
        return self._with(chunks=[_bytes(chunk) for chunk in chunks])

    def chunk_size(self, size: int) -> "Reply":
        """Sends the body in pieces of this many bytes."""
        body = b"".join(self.scripted.chunks)
        return self.chunks([body[start : start + size] for start in range(0, len(body), max(size, 1))])

    def split_at_every_byte(self) -> "Reply":
        """Sends each byte of the body alone."""
        return self.chunk_size(1)

    def breaks_off(self) -> "Reply":
        """Breaks the connection after the body sent so far."""
        return self._with(ending=Fault(FaultKind.BROKEN, "the answer broke off"))

    def _with(self, **changes: object) -> "Reply":
        reply = Reply.__new__(Reply)
        reply.scripted = replace(self.scripted, **changes)  # type: ignore[arg-type]
        return reply

    @classmethod
    def _fault(cls, kind: FaultKind, what: str) -> "Reply":
        return cls.text(200, b"")._with(fault=Fault(kind, what))


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
