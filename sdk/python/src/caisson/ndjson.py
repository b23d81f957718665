"""Newline-delimited JSON, read as it arrives. Gives each line's text; what it says is the adapter's.

Bytes may be split anywhere; blank lines are skipped; the last line may lack its end. A stream is not
trusted: one line may take `DEFAULT_LIMIT` bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from caisson import batches
from caisson.error import AdapterError
from caisson.json import Json, loads_object
from caisson.lines import Lines

if TYPE_CHECKING:
    from caisson.http.response import Response

DEFAULT_LIMIT = 16 << 20
"""What one line may take: room for an inline image."""


class Parser:
    """Makes lines of bytes. Pure: reads and waits for nothing."""

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._lines = Lines()
        self._failed = False

    def push(self, piece: bytes) -> list[str]:
        """All lines that these bytes complete, without spaces around them. A line over the limit is an
        `upstream` error; lines before it are given first, the error on the next call."""
        lines: list[str] = []
        if not self._failed:
            self._read(piece, lines)
        if self._failed and not lines:
            raise self._too_long()
        return lines

    def finish(self) -> list[str]:
        """The last line, where its end is missing."""
        if self._failed:
            raise self._too_long()
        text = _text(self._lines.finish() or b"")
        return [text] if text else []

    def _read(self, piece: bytes, lines: list[str]) -> None:
        for line in self._lines.push(piece):
            if len(line) > self._limit:
                self._fail()
                return
            if text := _text(line):
                lines.append(text)
        if self._lines.held > self._limit:
            self._fail()

    def _fail(self) -> None:
        self._failed = True
        self._lines = Lines()

    def _too_long(self) -> AdapterError:
        return AdapterError.upstream(f"a line of the provider's stream is over {self._limit} bytes")


def _text(line: bytes) -> str:
    return line.strip().decode("utf-8", "replace")


class Stream:
    """The lines of a response. To be iterated once, in one of three ways."""

    def __init__(self, response: Response, limit: int) -> None:
        self._response = response
        self._limit = limit

    def __iter__(self) -> Iterator[str]:
        for batch in self.batches():
            yield from batch

    def objects(self) -> Iterator[dict[str, Json]]:
        """Each line as a JSON object; an `upstream` error where one is none."""
        for line in self:
            try:
                value = loads_object(line)
            except ValueError as error:
                raise AdapterError.upstream(f"a line of the stream could not be read: {error}") from None
            yield value

    def batches(self) -> Iterator[list[str]]:
        """Waits until at least one line is complete and gives all that are."""
        return batches.read(self._response, Parser(self._limit))
