"""Reads a response through an incremental parser, as many items at a time as have come. What an item is, is
for `sse` and `ndjson`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from caisson.http.response import Response

T = TypeVar("T")


class Incremental(Protocol[T]):
    """A parser that takes bytes in any pieces."""

    def push(self, piece: bytes, /) -> list[T]:
        """The items that the piece completes."""

    def finish(self) -> list[T]:
        """What is left once there are no more bytes."""


def read(response: Response, parser: Incremental[T]) -> Iterator[list[T]]:
    """Waits until at least one item is complete and gives all that are. Closes the response at the end, at an
    error, and where the iterator is abandoned."""
    with response:
        while (piece := response.chunk()) is not None:
            if items := parser.push(piece):
                yield items
        if items := parser.finish():
            yield items
