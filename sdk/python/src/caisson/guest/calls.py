"""An adapter's methods on the contract's records, the same in every world. Nothing escapes them but the
contract's error: any other exception would abort the component."""

import codecs
import io
import sys
from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from typing import TypeVar

from componentize_py_types import Err
from wit_world.imports import api as wit

from caisson import awaited, failure
from caisson.adapter import Adapter, Step
from caisson.error import AdapterError
from caisson.guest import lift, lower, lower_describe, lower_events
from caisson.guest.checks import Unfit, unfit

T = TypeVar("T")

# What an instance prints would stay in its buffer when it is dropped.
for _stream in (sys.stdout, sys.stderr):
    if isinstance(_stream, io.TextIOWrapper):
        _stream.reconfigure(line_buffering=True, errors="backslashreplace")

# Codecs are looked up in files, and a component has none: these are found while it is built.
for _codec in ("ascii", "latin-1", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "idna"):
    codecs.lookup(_codec)


class Calls:
    """What the host calls. Asks the adapter to describe itself right away, so that a mistake there fails the
    build."""

    def __init__(self, adapter: type[Adapter]) -> None:
        if not (isinstance(adapter, type) and issubclass(adapter, Adapter)):
            raise TypeError(f"{adapter!r} is no class derived from caisson.Adapter")
        self._adapter = adapter
        self.described = lower_describe.adapter_info(adapter().describe())

    def complete(self, context: wit.Context, request: wit.ChatRequest) -> wit.ChatResponse:
        def call() -> wit.ChatResponse:
            answer = self._adapter().complete(lift.context(context), lift.chat_request(request))
            return lower.chat_response(awaited.value(answer))

        return _guarded("complete", call)

    def stream(self, context: wit.Context, request: wit.ChatRequest) -> "Batches":
        def call() -> Batches:
            steps = self._adapter().stream(lift.context(context), lift.chat_request(request))
            return Batches(steps)

        return _guarded("stream", call)

    def embed(self, context: wit.Context, request: wit.EmbedRequest) -> wit.EmbedResponse:
        def call() -> wit.EmbedResponse:
            vectors = self._adapter().embed(lift.context(context), lift.embed_request(request))
            return lower.embed_response(awaited.value(vectors))

        return _guarded("embed", call)


class Batches:
    """One streamed answer being read."""

    def __init__(self, steps: object) -> None:
        if isinstance(steps, str) or not isinstance(steps, Iterable | AsyncIterable):
            raise unfit(steps, "what stream() returns", "a generator or a list")
        self._steps: Iterator[Step] | None = awaited.steps(steps)
        # A generator has not begun to run: up to its first `yield` it asks the provider, whose refusal
        # can still become the client's status.
        self._first = self._advance()

    def next(self) -> list[wit.Event] | None:
        """The events of the next step; None after the last."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return _guarded("stream", self._advance)

    def close(self) -> None:
        """Ends the adapter's generator where it stands."""
        steps, self._steps = self._steps, None
        close = getattr(steps, "close", None)
        if close is not None:
            close()

    def _advance(self) -> list[wit.Event] | None:
        if self._steps is None:
            return None
        try:
            for step in self._steps:
                return lower_events.events(step)
        except BaseException:
            self.close()
            raise
        self.close()
        return None


def _guarded(where: str, call: Callable[[], T]) -> T:
    # What Python's own generator drew while the component was built it would draw again in every instance.
    if (chance := sys.modules.get("random")) is not None:
        chance.seed()
    try:
        return call()
    except Unfit as error:
        refused = AdapterError.internal(f"the adapter's {where} gave no answer that can be sent: {error}")
    except BaseException as error:
        refused = failure.of(error, where)
    raise Err(lower.error(refused))
