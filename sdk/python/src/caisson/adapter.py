"""The class an author derives from. How its methods reach the host is in `caisson.guest`."""

from collections.abc import AsyncIterable, Awaitable, Iterable, Sequence
from typing import TypeAlias

from caisson.api import (
    AdapterInfo,
    ChatAnswer,
    ChatRequest,
    Context,
    EmbedRequest,
    EmbedResponse,
    Event,
    Raw,
)
from caisson.error import AdapterError

Answer: TypeAlias = ChatAnswer | Raw | str
"""A whole answer; a string is one choice of that text."""
Step: TypeAlias = Event | str | Sequence[Event | str]
"""What a stream yields: an event, a string (text of the first choice), or a list of what came together."""
Vectors: TypeAlias = EmbedResponse | list[list[float]]
"""Embeddings; a list is vectors without counts."""


class Adapter:
    """A program that speaks one provider's API.

    Every call runs in a fresh instance of the component, made for it and dropped after it, so there is
    nothing to keep between calls. Raise `AdapterError` to refuse; any other exception becomes an error of
    kind `internal`. What an adapter leaves out is `unsupported`. Methods may be written with `async def`; what
    waits in them is the same.
    """

    def describe(self) -> AdapterInfo:
        """What this adapter is and wants. Called once, while it is built: the same answer every time."""
        raise NotImplementedError(f"{type(self).__name__} has no describe()")

    def complete(self, context: Context, request: ChatRequest) -> Answer | Awaitable[Answer]:
        """One whole answer."""
        raise AdapterError.unsupported("whole answers")

    def stream(self, context: Context, request: ChatRequest) -> Iterable[Step] | AsyncIterable[Step]:
        """A streamed answer: a generator, as a rule.

        What it raises before its first `yield` still becomes an HTTP status, later only an event. Where the
        provider may think long after its status, `yield []` once that is known: it gives the client its own.
        """
        raise AdapterError.unsupported("streamed answers")

    def embed(self, context: Context, request: EmbedRequest) -> Vectors | Awaitable[Vectors]:
        """One vector for each input, in order."""
        raise AdapterError.unsupported("embeddings")
