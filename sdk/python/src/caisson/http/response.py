"""An answer being read: in pieces as they arrive, or whole within a limit."""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from caisson import json as _json
from caisson import ndjson as _ndjson
from caisson import refusal
from caisson import sse as _sse
from caisson.error import AdapterError, ErrorKind
from caisson.json import Json
from caisson.transport import Answer, Fault, FaultKind

DEFAULT_LIMIT = 32 << 20
"""What `read`, `text` and `json` read at most, unless told otherwise."""


class Response:
    """An answer whose head has arrived. Read to its end it is closed; left before, `close` or `with` does it,
    and at the latest the collector."""

    def __init__(self, origin: str, answer: Answer) -> None:
        self._origin = origin
        self._body = answer.body
        self.status = answer.status
        """The HTTP status."""
        self.headers = answer.headers
        """All headers in order, names in lower case."""

    def header(self, name: str) -> str | None:
        """The first header of this name, in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), None)

    def raise_for_status(self) -> Self:
        """Itself, if its status is within 2xx; else raises what the provider's refusal means: its status,
        message, code and param, its `retry-after`, and the beginning of its body. A redirect too is an error,
        as none is followed."""
        if 200 <= self.status < 300:
            return self
        raise self.error()

    def error(self) -> AdapterError:
        """What this answer means as a refusal; reads the beginning of its body, and closes it."""
        beginning = bytearray()
        with self:
            try:
                while len(beginning) < refusal.READ_AT_MOST and (piece := self.chunk()) is not None:
                    beginning += piece
            except AdapterError:
                # It is an error already; what came of its body is enough.
                pass
        return refusal.error_of(self.status, self.headers, bytes(beginning[: refusal.READ_AT_MOST]))

    def chunk(self) -> bytes | None:
        """Waits for bytes of the body and gives those that are there, up to 64 KiB; None once it is over."""
        try:
            return self._body.read()
        except Fault as fault:
            raise error_of_fault(self._origin, fault) from None

    def iter_bytes(self) -> Iterator[bytes]:
        """The body's pieces as they arrive."""
        with self:
            while (piece := self.chunk()) is not None:
                yield piece

    def read(self, limit: int = DEFAULT_LIMIT) -> bytes:
        """The whole body; an `upstream` error where it is over the limit."""
        whole = bytearray()
        for piece in self.iter_bytes():
            if len(whole) + len(piece) > limit:
                raise AdapterError.upstream(f"the answer of {self._origin} is over {limit} bytes")
            whole += piece
        return bytes(whole)

    def text(self, limit: int = DEFAULT_LIMIT) -> str:
        """The whole body as text; what is not UTF-8 becomes replacement characters."""
        return self.read(limit).decode("utf-8", "replace")

    def json(self, limit: int = DEFAULT_LIMIT) -> Json:
        """The whole body, read as JSON; an `upstream` error where it is none."""
        data = self.read(limit)
        try:
            return _json.loads(data)
        except ValueError as error:
            raise self._unexpected(f"not the JSON expected: {error}", data) from None

    def json_object(self, limit: int = DEFAULT_LIMIT) -> dict[str, Json]:
        """The same, where only an object will do."""
        data = self.read(limit)
        try:
            return _json.loads_object(data)
        except ValueError as error:
            raise self._unexpected(f"not the JSON expected: {error}", data) from None

    def sse(self, limit: int = _sse.DEFAULT_LIMIT) -> _sse.Stream:
        """The body as server-sent events, read as they arrive, each at most so many bytes."""
        return _sse.Stream(self, limit)

    def ndjson(self, limit: int = _ndjson.DEFAULT_LIMIT) -> _ndjson.Stream:
        """The body as lines of JSON, read as they arrive, each at most so many bytes."""
        return _ndjson.Stream(self, limit)

    def close(self) -> None:
        """Ends the exchange, read or not."""
        self._body.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Response {self.status} of {self._origin}>"

    def _unexpected(self, what: str, data: bytes) -> AdapterError:
        message = f"the answer of {self._origin} is {what}"
        return AdapterError(self.status, message, kind=ErrorKind.UPSTREAM, body=refusal.excerpt(data))


def error_of_fault(origin: str, fault: Fault) -> AdapterError:
    """What a client is told of a fault on the way."""
    what = fault.what
    match fault.kind:
        case FaultKind.DENIED:
            error = AdapterError.upstream(f"egress denied: {origin}: {what}")
            error.code = "egress_denied"
            return error
        case FaultKind.TIMEOUT:
            return AdapterError(None, f"{origin}: {what}", kind=ErrorKind.TIMEOUT)
        case FaultKind.UNREACHABLE:
            return AdapterError.upstream(f"could not reach {origin}: {what}")
        case FaultKind.BROKEN:
            return AdapterError.upstream(f"{origin}: {what}")
        case FaultKind.MALFORMED:
            return AdapterError.internal(f"the request to {origin} can't be sent: {what}")
