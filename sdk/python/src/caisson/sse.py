"""Server-sent events, read as they arrive (WHATWG HTML §9.2.6), with two differences: an event whose closing
blank line is missing at the end of the stream counts, and nothing reconnects, so `retry` is ignored.

Bytes may be split anywhere. A stream is not trusted: one event may take `DEFAULT_LIMIT` bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from caisson import batches
from caisson.error import AdapterError
from caisson.json import Json, loads_object
from caisson.lines import Lines

if TYPE_CHECKING:
    from caisson.http.response import Response

DEFAULT_LIMIT = 16 << 20
"""What one event may take, lines being read included: room for an inline image."""


@dataclass(slots=True)
class Event:
    """One event."""

    data: str
    """Its `data` lines, joined with line feeds."""
    event: str | None = None
    """Its `event` field; None where it has none, which the standard calls `message`."""
    id: str | None = None
    """Its own `id` field; a later event does not inherit it."""

    @property
    def is_done(self) -> bool:
        """Whether this is the `[DONE]` with which OpenAI, and who follows it, ends a stream."""
        return self.data.strip() == "[DONE]"

    def json(self) -> dict[str, Json]:
        """Its data as a JSON object; an `upstream` error where it is none."""
        try:
            return loads_object(self.data)
        except ValueError as error:
            raise AdapterError.upstream(f"an event of the stream could not be read: {error}") from None


class Parser:
    """Makes events of bytes. Pure: reads and waits for nothing."""

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._lines = Lines()
        self._failed = False
        self._data: list[str] = []
        self._name: str | None = None
        self._id: str | None = None
        self._held = 0

    def push(self, piece: bytes) -> list[Event]:
        """All events that these bytes complete. An event over the limit is an `upstream` error; events before
        it are given first, the error on the next call."""
        events: list[Event] = []
        if not self._failed:
            self._read(piece, events)
        if self._failed and not events:
            raise self._too_long()
        return events

    def finish(self) -> list[Event]:
        """The last event, where the stream ended without its blank line."""
        if self._failed:
            raise self._too_long()
        events: list[Event] = []
        last = self._lines.finish()
        if last:
            self._line(last)
        self._dispatch(events)
        return events

    def _read(self, piece: bytes, events: list[Event]) -> None:
        for line in self._lines.push(piece):
            if not line:
                self._dispatch(events)
            elif self._held + len(line) > self._limit:
                self._fail()
                return
            else:
                self._line(line)
        if self._held + self._lines.held > self._limit:
            self._fail()

    def _line(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data = value.decode("utf-8", "replace")
            # What is not UTF-8 grows threefold, and counts as grown; the join adds a line feed.
            self._held += (len(value) if data.isascii() else len(data.encode())) + bool(self._data)
            self._data.append(data)
        elif field == b"event":
            self._name = value.decode("utf-8", "replace") or None
            self._held += len(value)
        elif field == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")
            self._held += len(value)

    def _dispatch(self, events: list[Event]) -> None:
        if self._data:
            events.append(Event("\n".join(self._data), self._name, self._id))
        self._clear()

    def _clear(self) -> None:
        self._data, self._name, self._id, self._held = [], None, None, 0

    def _fail(self) -> None:
        self._failed = True
        self._lines = Lines()
        self._clear()

    def _too_long(self) -> AdapterError:
        return AdapterError.upstream(f"an event of the provider's stream is over {self._limit} bytes")


class Stream:
    """The events of a response. To be iterated once: one by one, or in batches of what arrived together."""

    def __init__(self, response: Response, limit: int) -> None:
        self._response = response
        self._limit = limit

    def __iter__(self) -> Iterator[Event]:
        for batch in self.batches():
            yield from batch

    def batches(self) -> Iterator[list[Event]]:
        """Waits until at least one event is complete and gives all that are."""
        return batches.read(self._response, Parser(self._limit))
