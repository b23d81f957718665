"""A stream's lines → the contract's events, one call for each line. A line is a small answer: a piece of the text or
of the thinking, or whole tool calls; the last one is marked as done and has the counts."""

from caisson import (
    Event,
    Finish,
    LogprobsDelta,
    Message,
    OtherDelta,
    ReasoningDelta,
    StreamStart,
    TextDelta,
    ToolDelta,
)
from caisson.json import Json

from ollama_adapter.conversions import counts, logprobs
from ollama_adapter.conversions.answer import answer_object, finish_reason_in, leftover, message_in, model_in

_WHAT = "a line of the stream"


class Decoder:
    """Reads one stream."""

    def __init__(self) -> None:
        self.done = False
        """Whether the last line came, after which nothing does."""
        self._begun = False
        self._calls = 0

    def decode(self, line: str) -> list[Event]:
        """The line's meaning; what follows the last one means nothing."""
        if self.done:
            return []
        fields = answer_object(line, _WHAT)
        events = self._spoken(message_in(fields, _WHAT))
        if tokens := logprobs.tokens_in(fields):
            events.append(LogprobsDelta(tokens))
        if fields.get("done") is True:
            events += self._end(fields)
        if not self._begun:
            events.insert(0, self._start(fields))
        return events

    def _start(self, fields: dict[str, Json]) -> Event:
        """What surrounds the first message; every line repeats it."""
        self._begun = True
        fields.pop("done", None)
        model = model_in(fields)
        return StreamStart(model=model, extra=leftover(fields))

    def _end(self, fields: dict[str, Json]) -> list[Event]:
        self.done = True
        usage = counts.usage_in(fields)
        finish = Finish(finish_reason_in(fields, self._calls > 0))
        return [finish] if usage is None else [finish, usage]

    def _spoken(self, message: Message) -> list[Event]:
        events: list[Event] = [ReasoningDelta(each.text) for each in message.reasoning]
        if message.text:
            events.append(TextDelta(message.text))
        for call in message.tool_calls:
            events.append(ToolDelta(self._calls, call.arguments, id=call.id or None, name=call.name))
            self._calls += 1
        if message.extra:
            events.append(OtherDelta(message.extra))
        return events
