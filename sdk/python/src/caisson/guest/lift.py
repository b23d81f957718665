"""The contract's records as the generated bindings give them → `caisson.api`. The host has checked them."""

from typing import Literal, TypeVar

from wit_world.imports import api as wit

from caisson import api

M = TypeVar("M", bound=api.Media)

_ROLES = {
    wit.Role.SYSTEM: api.Role.SYSTEM,
    wit.Role.DEVELOPER: api.Role.DEVELOPER,
    wit.Role.USER: api.Role.USER,
    wit.Role.ASSISTANT: api.Role.ASSISTANT,
    wit.Role.TOOL: api.Role.TOOL,
}


def context(value: wit.Context) -> api.Context:
    return api.Context(
        request_id=value.request_id,
        traceparent=value.traceparent,
        base_url=value.base_url,
        settings=dict(value.settings),
        headers=value.headers,
        timeout_ms=value.timeout_ms,
    )


def chat_request(value: wit.ChatRequest) -> api.ChatRequest:
    return api.ChatRequest(
        model=value.model,
        messages=[_message(each) for each in value.messages],
        tools=[_tool(each) for each in value.tools],
        tool_choice=_tool_choice(value.tool_choice),
        parallel_tool_calls=value.parallel_tool_calls,
        response_format=_response_format(value.response_format),
        max_tokens=value.max_tokens,
        temperature=value.temperature,
        top_p=value.top_p,
        n=value.n,
        stop=value.stop,
        seed=value.seed,
        frequency_penalty=value.frequency_penalty,
        presence_penalty=value.presence_penalty,
        logit_bias=dict(value.logit_bias),
        logprobs=value.logprobs,
        top_logprobs=value.top_logprobs,
        reasoning_effort=value.reasoning_effort,
        modalities=value.modalities,
        user=value.user,
        metadata=dict(value.metadata),
        extra=dict(value.extra),
    )


def embed_request(value: wit.EmbedRequest) -> api.EmbedRequest:
    return api.EmbedRequest(
        model=value.model,
        input=value.input.value,
        dimensions=value.dimensions,
        user=value.user,
        extra=dict(value.extra),
    )


def _message(value: wit.Message) -> api.Message:
    return api.Message(
        role=_ROLES[value.role],
        content=_content(value.content),
        name=value.name,
        refusal=value.refusal,
        reasoning=[_reasoning(each) for each in value.reasoning],
        tool_calls=[_tool_call(each) for each in value.tool_calls],
        tool_call_id=value.tool_call_id,
        extra=dict(value.extra),
    )


def _content(value: wit.Content) -> api.Content:
    if isinstance(value, wit.Content_Text):
        return value.value
    if isinstance(value, wit.Content_Parts):
        return [_part(each) for each in value.value]
    return None


def _part(value: wit.Part) -> api.Part:
    match value:
        case wit.Part_Text(value=text):
            return api.TextPart(text.text, dict(text.extra))
        case wit.Part_Image(value=media):
            return _media(media, api.Image)
        case wit.Part_Audio(value=media):
            return _media(media, api.Audio)
        case wit.Part_File(value=media):
            return _media(media, api.File)
        case wit.Part_Refusal(value=text):
            return api.RefusalPart(text.text, dict(text.extra))
        case wit.Part_Reasoning(value=reasoning):
            return _reasoning(reasoning)
        case wit.Part_Other(value=json):
            return api.OtherPart(json)


def _media(value: wit.Media, kind: type[M]) -> M:
    return kind(_source(value.source), value.mime_type, value.file_name, value.detail, dict(value.extra))


def _source(value: wit.Source) -> api.Source:
    match value:
        case wit.Source_Url(value=url):
            return api.UrlSource(url)
        case wit.Source_Base64(value=data):
            return api.Base64Source(data)
        case wit.Source_Id(value=file_id):
            return api.IdSource(file_id)


def _reasoning(value: wit.Reasoning) -> api.Reasoning:
    return api.Reasoning(value.text, value.signature, value.redacted)


def _tool_call(value: wit.ToolCall) -> api.ToolCall:
    return api.ToolCall(value.id, value.name, value.arguments, value.kind, dict(value.extra))


def _tool(value: wit.Tool) -> api.Tool:
    return api.Tool(value.name, value.description, value.parameters, value.strict, value.kind, dict(value.extra))


_CHOICES: dict[type, Literal["auto", "none", "required"]] = {
    wit.ToolChoice_Auto: "auto",
    wit.ToolChoice_None_: "none",
    wit.ToolChoice_Required: "required",
}


def _tool_choice(value: wit.ToolChoice | None) -> api.ToolChoice | None:
    match value:
        case wit.ToolChoice_Named(value=name):
            return api.NamedTool(name)
        case wit.ToolChoice_Other(value=json):
            return api.OtherChoice(json)
    return _CHOICES.get(type(value))


def _response_format(value: wit.ResponseFormat | None) -> api.ResponseFormat | None:
    match value:
        case wit.ResponseFormat_Text():
            return "text"
        case wit.ResponseFormat_JsonObject():
            return "json_object"
        case wit.ResponseFormat_JsonSchema(value=json):
            return api.JsonSchema(json)
        case wit.ResponseFormat_Other(value=json):
            return api.OtherFormat(json)
    return None
