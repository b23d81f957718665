"""A stream's events → the contract's, one call for each server-sent event. It keeps what only the end of the
stream can tell: token counts, the reason it ended, and the provider's blocks where OpenAI's shape loses
something of them."""

from dataclasses import dataclass
from typing import TypeVar

from caisson import (
    AdapterError,
    Event,
    Finish,
    OtherDelta,
    ReasoningDelta,
    StreamStart,
    TextDelta,
    ToolDelta,
    json,
)
from caisson.json import Json

from anthropic_adapter import refusals
from anthropic_adapter.conversions import kept
from anthropic_adapter.conversions.answer import Ending, head_of, indirect_caller
from anthropic_adapter.conversions.fields import leftover
from anthropic_adapter.conversions.usage import Counts

T = TypeVar("T")


@dataclass
class _OpenCall:
    """A tool call whose arguments are still coming."""

    block: int
    index: int
    given: str | None
    """What the block started with, until arguments arrive."""


class Decoder:
    """Reads one stream."""

    def __init__(self) -> None:
        self.stopped = False
        """Whether `message_stop` came, after which nothing does."""
        self._counts = Counts()
        self._ending = Ending({})
        self._recorder = kept.Recorder()
        self._calls = 0
        self._open: _OpenCall | None = None

    def decode(self, data: str) -> list[Event]:
        """The event's meaning; unknown events mean nothing, and so does what follows the stop."""
        if self.stopped:
            return []
        event = _object(data)
        match event.get("type"):
            case "content_block_delta":
                return self._block_delta(event, len(data))
            case "content_block_start":
                return self._block_start(event, len(data))
            case "content_block_stop":
                return self._block_stop(event)
            case "message_start":
                return self._message_start(event)
            case "message_delta":
                return self._message_delta(event)
            case "message_stop":
                return self._message_stop()
            case "error":
                raise refusals.in_stream(event, data)
            case str():
                return []
        raise _unreadable("it has no type")

    def _message_start(self, event: dict[str, Json]) -> list[Event]:
        fields = dict(_field(event, "message", dict, {}))
        self._count(fields.pop("usage", None))
        fields.pop("content", None)
        identifier, model = head_of(fields)
        tier = self._counts.service_tier
        return [StreamStart(identifier, model, tier, extra=leftover(fields))]

    def _block_start(self, event: dict[str, Json], size: int) -> list[Event]:
        block, index = event.get("content_block"), _field(event, "index", int, 0)
        if block is None:
            return []
        self._recorder.start(index, block, size)
        if not isinstance(block, dict) or not kept.is_readable(block):
            return []
        match block["type"]:
            case "text":
                return _text(json.text(block, "text"))
            case "thinking":
                return _reasoning(json.text(block, "thinking"), json.text(block, "signature"))
            case "redacted_thinking":
                return [ReasoningDelta("", json.text(block, "data"), redacted=True)]
            case "tool_use":
                return [*self._close_call(), self._open_call(index, block)]
        return []

    def _open_call(self, block: int, start: dict[str, Json]) -> Event:
        given = start.get("input")
        self._open = _OpenCall(block, self._calls, "{}" if given is None else json.dumps(given))
        self._calls += 1
        identifier, name = json.text(start, "id"), json.text(start, "name")
        return ToolDelta(self._open.index, id=identifier, name=name, extra=indirect_caller(start))

    def _block_delta(self, event: dict[str, Json], size: int) -> list[Event]:
        index, delta = _field(event, "index", int, 0), _field(event, "delta", dict, {})
        texts = {name: _field(delta, name, str, "") for name in ("text", "thinking", "signature", "partial_json")}
        self._recorder.delta(index, delta, size)
        match delta.get("type"):
            case "text_delta":
                return _text(texts["text"])
            case "thinking_delta":
                return _reasoning(texts["thinking"], None)
            case "signature_delta":
                return _reasoning(None, texts["signature"])
            case "input_json_delta":
                return self._arguments(index, texts["partial_json"])
        return []

    def _arguments(self, block: int, piece: str) -> list[Event]:
        """Server tools have arguments too; those belong to no call of the client's."""
        if self._open is None or self._open.block != block or not piece:
            return []
        self._open.given = None
        return [ToolDelta(self._open.index, piece)]

    def _block_stop(self, event: dict[str, Json]) -> list[Event]:
        if self._open is not None and self._open.block == _field(event, "index", int, 0):
            return self._close_call()
        return []

    def _close_call(self) -> list[Event]:
        """A call without argument deltas has what its block started with: as a rule `{}`."""
        call, self._open = self._open, None
        return [] if call is None or call.given is None else [ToolDelta(call.index, call.given)]

    def _message_delta(self, event: dict[str, Json]) -> list[Event]:
        self._count(_field(event, "usage", dict, None))
        fields = dict(_field(event, "delta", dict, {}))
        ending = Ending(fields)
        if ending.reason is not None:
            self._ending = ending
        return _other(leftover(fields))

    def _message_stop(self) -> list[Event]:
        self.stopped = True
        events = self._close_call()
        extra = self._ending.extra
        if blocks := self._recorder.finish():
            extra[kept.FIELD] = blocks
        events += [*_other(extra), Finish(self._ending.finish_reason)]
        if self._counts.known:
            events.append(self._counts.usage())
        return events

    def _count(self, usage: Json) -> None:
        if isinstance(usage, dict):
            self._counts.update(usage)


def _object(data: str) -> dict[str, Json]:
    try:
        return json.loads_object(data)
    except ValueError as error:
        raise _unreadable(str(error)) from None


def _field(fields: dict[str, Json], name: str, kind: type[T], default: T | None) -> T:
    """A field that must be of this kind where it is there at all."""
    value = fields.get(name)
    if value is None:
        return default  # type: ignore[return-value]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _unreadable(f"{name} is of another type than {kind.__name__}")
    return value


def _unreadable(why: str) -> AdapterError:
    return AdapterError.upstream(f"an event of the stream could not be read: {why}")


def _text(text: str | None) -> list[Event]:
    return [TextDelta(text)] if text else []


def _reasoning(text: str | None, signature: str | None) -> list[Event]:
    """Where a request has the text left out (`display: omitted`) only the signature comes."""
    return [ReasoningDelta(text or "", signature or None)] if text or signature else []


def _other(extra: dict[str, str]) -> list[Event]:
    return [OtherDelta(extra)] if extra else []
