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
        message = message_in(fields, _WHAT)
        tokens = logprobs.tokens_in(fields)
        usage = counts.usage_in(fields)
        self.done = fields.get("done") is True
        spoken = self._spoken(message)
        reason = finish_reason_in(fields, self._calls > 0)
        model = model_in(fields)
        # Every line repeats what surrounds the message.
        events: list[Event] = [] if self._begun else [StreamStart(model=model, extra=leftover(fields))]
        self._begun = True
        events += spoken
        if tokens:
            events.append(LogprobsDelta(tokens))
        if self.done:
            events.append(Finish(reason))
            if usage is not None:
                events.append(usage)
        return events

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
