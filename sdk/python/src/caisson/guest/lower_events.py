"""What a stream yields → the contract's events. Every value is checked on the way."""

from collections.abc import Callable

from wit_world.imports import api as wit

from caisson import api
from caisson.adapter import Step
from caisson.guest import lower
from caisson.guest.checks import count, each, flag, optional, pairs, text, unfit


def events(step: Step) -> list[wit.Event]:
    """The events of what one `yield` gave."""
    if isinstance(step, (list, tuple)):
        return [_event(value) for value in step]
    return [_event(step)]


def _event(value: object) -> wit.Event:
    if isinstance(value, str):
        return wit.Event_Text(wit.TextDelta(0, text(value, "text")))
    lowered = _LOWERED.get(type(value))
    if lowered is None:
        raise unfit(value, "what stream() yields", "an event, a string or a list of them")
    return lowered(value)


def _start(value: api.StreamStart) -> wit.Event:
    return wit.Event_Start(
        wit.StreamStart(
            id=optional(text, value.id, "StreamStart.id"),
            model=optional(text, value.model, "StreamStart.model"),
            service_tier=optional(text, value.service_tier, "StreamStart.service_tier"),
            system_fingerprint=optional(text, value.system_fingerprint, "StreamStart.system_fingerprint"),
            extra=pairs(value.extra, "StreamStart.extra"),
        )
    )


def _text(value: api.TextDelta) -> wit.Event:
    return wit.Event_Text(wit.TextDelta(count(value.choice, "TextDelta.choice"), text(value.text, "TextDelta.text")))


def _refusal(value: api.RefusalDelta) -> wit.Event:
    return wit.Event_Refusal(
        wit.TextDelta(count(value.choice, "RefusalDelta.choice"), text(value.text, "RefusalDelta.text"))
    )


def _reasoning(value: api.ReasoningDelta) -> wit.Event:
    return wit.Event_Reasoning(
        wit.ReasoningDelta(
            choice=count(value.choice, "ReasoningDelta.choice"),
            text=text(value.text, "ReasoningDelta.text"),
            signature=optional(text, value.signature, "ReasoningDelta.signature"),
            redacted=flag(value.redacted, "ReasoningDelta.redacted"),
        )
    )


def _tool(value: api.ToolDelta) -> wit.Event:
    return wit.Event_Tool(
        wit.ToolDelta(
            choice=count(value.choice, "ToolDelta.choice"),
            index=count(value.index, "ToolDelta.index"),
            id=optional(text, value.id, "ToolDelta.id"),
            kind=optional(text, value.kind, "ToolDelta.kind"),
            name=optional(text, value.name, "ToolDelta.name"),
            arguments=text(value.arguments, "ToolDelta.arguments"),
            extra=pairs(value.extra, "ToolDelta.extra"),
        )
    )


def _logprobs(value: api.LogprobsDelta) -> wit.Event:
    tokens = each(lower.token, value.tokens, "LogprobsDelta.tokens")
    return wit.Event_Logprobs(wit.LogprobsDelta(count(value.choice, "LogprobsDelta.choice"), tokens))


def _finish(value: api.Finish) -> wit.Event:
    reason = lower.finish_reason(value.reason, "Finish.reason")
    return wit.Event_Finish(wit.Finish(count(value.choice, "Finish.choice"), reason))


def _usage(value: api.Usage) -> wit.Event:
    return wit.Event_Usage(lower.usage(value, "Usage"))


def _other(value: api.OtherDelta) -> wit.Event:
    extra = pairs(value.extra, "OtherDelta.extra")
    return wit.Event_Other(wit.OtherDelta(count(value.choice, "OtherDelta.choice"), extra))


def _raw(value: api.Raw) -> wit.Event:
    return wit.Event_Raw(text(value.json, "Raw.json"))


# `object` and a cast would say less: each function is under the only type that it is called with.
_LOWERED: dict[type, Callable[..., wit.Event]] = {
    api.StreamStart: _start,
    api.TextDelta: _text,
    api.RefusalDelta: _refusal,
    api.ReasoningDelta: _reasoning,
    api.ToolDelta: _tool,
    api.LogprobsDelta: _logprobs,
    api.Finish: _finish,
    api.Usage: _usage,
    api.OtherDelta: _other,
    api.Raw: _raw,
}
