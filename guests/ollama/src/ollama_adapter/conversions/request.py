"""A chat request → the body of `POST /api/chat`. What has no counterpart is left out as the README lists, or refused
where leaving it out would change what the client gets back."""

from dataclasses import dataclass

from caisson import AdapterError, ChatRequest, JsonSchema, NamedTool, OtherChoice, OtherFormat, Tool, json
from caisson.json import Json

from ollama_adapter.conversions import turns

# Ollama's own sampling and loading parameters. OpenAI's clients send such fields at the top of the body, where
# Ollama would not see them.
_OPTIONS = frozenset(
    (
        "draft_num_predict",
        "main_gpu",
        "min_p",
        "num_batch",
        "num_ctx",
        "num_gpu",
        "num_keep",
        "num_predict",
        "num_thread",
        "repeat_last_n",
        "repeat_penalty",
        "top_k",
        "typical_p",
        "use_mmap",
    )
)

# Fields of the client's that Ollama knows by the same name. Others it would ignore.
_PASSED = ("keep_alive", "shift", "truncate")

# OpenAI's scale is longer than Ollama's at both ends.
_EFFORTS: dict[str, Json] = {"none": False, "minimal": "low", "xhigh": "max"}


@dataclass(frozen=True)
class Defaults:
    """What the operator wants for requests that don't say."""

    num_ctx: int | None = None
    keep_alive: Json = None


def chat_body(request: ChatRequest, defaults: Defaults, *, stream: bool) -> dict[str, Json]:
    if request.n > 1:
        raise AdapterError.unsupported("more than one choice for a request", param="n")
    extra = json.parse_extra(request.extra)
    written: dict[str, Json] = {
        "model": request.model,
        "messages": turns.conversation(request.messages),
        "tools": _tools(request),
        "format": _format(request, extra.get("format")),
        "think": _think(request, extra.get("think")),
        "options": options(_sampling(request), extra, defaults),
        # Without it the answer would be streamed.
        "stream": stream,
        "logprobs": True if request.logprobs else None,
        "top_logprobs": request.top_logprobs if request.logprobs else None,
        **passed(extra, defaults),
    }
    return {name: value for name, value in written.items() if value is not None}


def options(named: dict[str, Json], extra: dict[str, Json], defaults: Defaults) -> Json:
    """`options`: what the client put there itself wins over fields beside it, and those over OpenAI's."""
    own = extra.get("options")
    if own is not None and not isinstance(own, dict):
        raise AdapterError.invalid_request("this must be an object", param="options")
    merged: dict[str, Json] = {"num_ctx": defaults.num_ctx, **named}
    merged |= {name: value for name, value in extra.items() if name in _OPTIONS}
    merged |= own or {}
    return {name: value for name, value in merged.items() if value is not None} or None


def passed(extra: dict[str, Json], defaults: Defaults) -> dict[str, Json]:
    """The fields that Ollama knows by the client's name for them."""
    asked: dict[str, Json] = {name: extra[name] for name in _PASSED if name in extra}
    return {"keep_alive": defaults.keep_alive, **asked}


def _sampling(request: ChatRequest) -> dict[str, Json]:
    return {
        "num_predict": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": [*request.stop] or None,
        "seed": request.seed,
        "frequency_penalty": request.frequency_penalty,
        "presence_penalty": request.presence_penalty,
    }


def _think(request: ChatRequest, own: Json) -> Json:
    if own is not None or request.reasoning_effort is None:
        return own
    return _EFFORTS.get(request.reasoning_effort, request.reasoning_effort)


def _format(request: ChatRequest, own: Json) -> Json:
    """JSON, or a schema, both of which the server enforces."""
    match request.response_format:
        case "json_object":
            return "json"
        case JsonSchema(text):
            place = "response_format.json_schema"
            try:
                schema = json.loads_object(text).get("schema")
            except ValueError as error:
                raise AdapterError.invalid_request(f"this is not JSON: {error}", param=place) from None
            if not isinstance(schema, dict):
                raise AdapterError.invalid_request("it has no schema that is an object", param=place)
            return schema
        case OtherFormat():
            raise AdapterError.unsupported("response formats but JSON and JSON schemas", param="response_format")
    return own


def _tools(request: ChatRequest) -> Json:
    """Ollama's models choose for themselves. Not to call is possible, by having nothing to call; to have to is
    not."""
    match request.tool_choice:
        case "none":
            return None
        case "required" | NamedTool() | OtherChoice():
            raise AdapterError.unsupported("forced tool calls, which Ollama has no way to ask for", "tool_choice")
    return [_tool(tool, f"tools[{position}]") for position, tool in enumerate(request.tools)] or None


def _tool(tool: Tool, path: str) -> Json:
    if tool.kind != "function":
        raise AdapterError.unsupported("tools that are no functions", param=path)
    try:
        schema = json.loads_object('{"type":"object","properties":{}}' if tool.parameters is None else tool.parameters)
    except ValueError as error:
        place = f"{path}.function.parameters"
        raise AdapterError.invalid_request(f"this is not a JSON Schema object: {error}", param=place) from None
    function: dict[str, Json] = {"name": tool.name, "parameters": schema}
    if tool.description is not None:
        function["description"] = tool.description
    return {"type": "function", "function": function}
