"""What an adapter gives as a whole → the contract's records. Every value is checked on the way."""

from wit_world.imports import api as wit

from caisson import api
from caisson.adapter import Answer, Vectors
from caisson.error import AdapterError, ErrorKind
from caisson.guest import checks
from caisson.guest.checks import Unfit, count, each, flag, number, optional, pairs, text, unfit

_KINDS = {kind: wit.ErrorKind[kind.name] for kind in ErrorKind}
_ROLES = {role: wit.Role[role.name] for role in api.Role}
_REASONS: dict[str, wit.FinishReason] = {
    "stop": wit.FinishReason_Stop(),
    "length": wit.FinishReason_Length(),
    "tool_calls": wit.FinishReason_ToolCalls(),
    "content_filter": wit.FinishReason_ContentFilter(),
}
_LONGEST_MESSAGE = 8 << 10
_LONGEST_BODY = 64 << 10


def error(value: AdapterError) -> wit.Error:
    """Takes whatever the fields hold: an error about an error would help nobody."""
    status = value.status if isinstance(value.status, int) and 100 <= value.status <= 599 else None
    return wit.Error(
        kind=_KINDS.get(value.kind, wit.ErrorKind.INTERNAL),
        message=text(str(value.message), "message")[:_LONGEST_MESSAGE],
        status=status,
        param=_said(value.param),
        code=_said(value.code),
        retry_after_ms=_milliseconds(value.retry_after_ms),
        body=None if value.body is None else text(str(value.body), "body")[:_LONGEST_BODY],
    )


def chat_response(value: Answer) -> wit.ChatResponse:
    if isinstance(value, str):
        value = api.ChatAnswer.of_text(value)
    if isinstance(value, api.Raw):
        return wit.ChatResponse_Raw(text(value.json, "the answer's json"))
    if not isinstance(value, api.ChatAnswer):
        raise unfit(value, "what complete() returns", "a ChatAnswer, a Raw or a string")
    return wit.ChatResponse_Answer(
        wit.ChatAnswer(
            id=optional(text, value.id, "id"),
            model=optional(text, value.model, "model"),
            choices=each(_choice, value.choices, "choices"),
            usage=None if value.usage is None else usage(value.usage, "usage"),
            service_tier=optional(text, value.service_tier, "service_tier"),
            system_fingerprint=optional(text, value.system_fingerprint, "system_fingerprint"),
            extra=pairs(value.extra, "extra"),
        )
    )


def embed_response(value: Vectors) -> wit.EmbedResponse:
    if isinstance(value, list):
        value = api.EmbedResponse(value)
    if not isinstance(value, api.EmbedResponse):
        raise unfit(value, "what embed() returns", "an EmbedResponse or a list of vectors")
    return wit.EmbedResponse(
        model=optional(text, value.model, "model"),
        vectors=each(checks.floats, value.vectors, "vectors"),
        usage=None if value.usage is None else usage(value.usage, "usage"),
        extra=pairs(value.extra, "extra"),
    )


def usage(value: api.Usage, where: str) -> wit.Usage:
    if not isinstance(value, api.Usage):
        raise unfit(value, where, "a Usage")
    return wit.Usage(
        input=count(value.input, f"{where}.input"),
        output=count(value.output, f"{where}.output"),
        total=count(value.total, f"{where}.total"),
        cached_input=optional(count, value.cached_input, f"{where}.cached_input"),
        cache_write_input=optional(count, value.cache_write_input, f"{where}.cache_write_input"),
        audio_input=optional(count, value.audio_input, f"{where}.audio_input"),
        reasoning_output=optional(count, value.reasoning_output, f"{where}.reasoning_output"),
        audio_output=optional(count, value.audio_output, f"{where}.audio_output"),
        extra=pairs(value.extra, f"{where}.extra"),
    )


def finish_reason(value: object, where: str) -> wit.FinishReason:
    word = text(value, where)
    return _REASONS.get(word) or wit.FinishReason_Other(word)


def token(value: api.TokenLogprob, where: str) -> wit.TokenLogprob:
    if not isinstance(value, api.TokenLogprob):
        raise unfit(value, where, "a TokenLogprob")
    return wit.TokenLogprob(
        token=text(value.token, f"{where}.token"),
        logprob=number(value.logprob, f"{where}.logprob"),
        bytes=optional(checks.data, value.bytes, f"{where}.bytes"),
        top=each(_top, value.top, f"{where}.top"),
    )


def _milliseconds(value: object) -> int | None:
    # What is not equal to itself is no number, though of a number's type.
    if not isinstance(value, (int, float)) or value != value:
        return None
    return int(max(0, min(value, 0xFFFF_FFFF)))


def _said(value: object) -> str | None:
    return None if value is None else text(str(value), "")[:_LONGEST_MESSAGE]


def _top(value: api.TopLogprob, where: str) -> wit.TopLogprob:
    if not isinstance(value, api.TopLogprob):
        raise unfit(value, where, "a TopLogprob")
    return wit.TopLogprob(
        token=text(value.token, f"{where}.token"),
        logprob=number(value.logprob, f"{where}.logprob"),
        bytes=optional(checks.data, value.bytes, f"{where}.bytes"),
    )


def _choice(value: api.Choice, where: str) -> wit.Choice:
    if not isinstance(value, api.Choice):
        raise unfit(value, where, "a Choice")
    return wit.Choice(
        index=count(value.index, f"{where}.index"),
        message=_message(value.message, f"{where}.message"),
        finish_reason=finish_reason(value.finish_reason, f"{where}.finish_reason"),
        logprobs=each(token, value.logprobs, f"{where}.logprobs"),
        extra=pairs(value.extra, f"{where}.extra"),
    )


def _message(value: api.Message, where: str) -> wit.Message:
    if not isinstance(value, api.Message):
        raise unfit(value, where, "a Message")
    if value.role not in _ROLES:
        raise unfit(value.role, f"{where}.role", "a Role")
    return wit.Message(
        role=_ROLES[value.role],
        name=optional(text, value.name, f"{where}.name"),
        content=_content(value.content, f"{where}.content"),
        refusal=optional(text, value.refusal, f"{where}.refusal"),
        reasoning=each(_reasoning, value.reasoning, f"{where}.reasoning"),
        tool_calls=each(_tool_call, value.tool_calls, f"{where}.tool_calls"),
        tool_call_id=optional(text, value.tool_call_id, f"{where}.tool_call_id"),
        extra=pairs(value.extra, f"{where}.extra"),
    )


def _content(value: api.Content, where: str) -> wit.Content:
    if value is None:
        return wit.Content_Empty()
    if isinstance(value, str):
        return wit.Content_Text(text(value, where))
    return wit.Content_Parts(each(_part, value, where))


def _part(value: api.Part, where: str) -> wit.Part:
    match value:
        case api.TextPart():
            return wit.Part_Text(_text_part(value, where))
        case api.RefusalPart():
            return wit.Part_Refusal(_text_part(value, where))
        case api.Image():
            return wit.Part_Image(_media(value, where))
        case api.Audio():
            return wit.Part_Audio(_media(value, where))
        case api.File():
            return wit.Part_File(_media(value, where))
        case api.Reasoning():
            return wit.Part_Reasoning(_reasoning(value, where))
        case api.OtherPart():
            return wit.Part_Other(text(value.json, f"{where}.json"))
    raise unfit(value, where, "a part, such as a TextPart")


def _text_part(value: api.TextPart | api.RefusalPart, where: str) -> wit.TextPart:
    return wit.TextPart(text(value.text, f"{where}.text"), pairs(value.extra, f"{where}.extra"))


def _media(value: api.Media, where: str) -> wit.Media:
    return wit.Media(
        source=_source(value.source, f"{where}.source"),
        mime_type=optional(text, value.mime_type, f"{where}.mime_type"),
        file_name=optional(text, value.file_name, f"{where}.file_name"),
        detail=optional(text, value.detail, f"{where}.detail"),
        extra=pairs(value.extra, f"{where}.extra"),
    )


def _source(value: api.Source, where: str) -> wit.Source:
    match value:
        case api.UrlSource():
            return wit.Source_Url(text(value.url, f"{where}.url"))
        case api.Base64Source():
            return wit.Source_Base64(text(value.data, f"{where}.data"))
        case api.IdSource():
            return wit.Source_Id(text(value.id, f"{where}.id"))
    raise unfit(value, where, "a source, such as a UrlSource")


def _reasoning(value: api.Reasoning, where: str) -> wit.Reasoning:
    if not isinstance(value, api.Reasoning):
        raise unfit(value, where, "a Reasoning")
    return wit.Reasoning(
        text=text(value.text, f"{where}.text"),
        signature=optional(text, value.signature, f"{where}.signature"),
        redacted=flag(value.redacted, f"{where}.redacted"),
    )


def _tool_call(value: api.ToolCall, where: str) -> wit.ToolCall:
    if not isinstance(value, api.ToolCall):
        raise unfit(value, where, "a ToolCall")
    return wit.ToolCall(
        id=text(value.id, f"{where}.id"),
        kind=text(value.kind, f"{where}.kind"),
        name=text(value.name, f"{where}.name"),
        arguments=text(value.arguments, f"{where}.arguments"),
        extra=pairs(value.extra, f"{where}.extra"),
    )


__all__ = ["Unfit", "chat_response", "embed_response", "error", "finish_reason", "token", "usage"]
