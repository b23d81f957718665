"""A chat request → the body of `POST /v1/messages`. What has no counterpart is left out as the README lists, or
refused where leaving it out would change what the client gets back."""

from caisson import AdapterError, ChatRequest, JsonSchema, OtherFormat, json
from caisson.json import Json

from anthropic_adapter.conversions import thinking, tools, turns

# Fields of OpenAI's that Anthropic would refuse as unknown.
_OPENAI_ONLY = frozenset(
    (
        "audio",
        "function_call",
        "functions",
        "moderation",
        "prediction",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "store",
        "stream",
        "stream_options",
        "verbosity",
        "web_search_options",
    )
)

# Written from the request's own fields or not at all, whatever a client names so.
_OURS = frozenset(("model", "max_tokens", "messages", "output_config", "temperature", "top_p", "service_tier"))

# Anthropic's `auto` uses what priority capacity there is; other tiers it has not got.
_TIERS = {
    "auto": "auto",
    "priority": "auto",
    "default": "standard_only",
    "standard_only": "standard_only",
}


def messages_request(request: ChatRequest, default_max: int, *, stream: bool) -> dict[str, Json]:
    """`default_max` caps the answer where the client does not."""
    if request.n > 1:
        raise AdapterError.unsupported("more than one choice for a request", param="n")
    extra = json.parse_extra(request.extra)
    system, conversation = turns.conversation(request.messages)
    plan = thinking.plan(request, extra.get("thinking"), default_max)
    written: dict[str, Json] = {
        "model": request.model,
        "max_tokens": plan.max_tokens,
        "system": turns.on_the_wire(system) or None,
        "messages": conversation,
        "tools": tools.tools(request.tools) or None,
        "tool_choice": tools.choice(request),
        "thinking": plan.thinking,
        "output_config": _output_config(request, extra.get("output_config"), plan.effort) or None,
        "stop_sequences": [*request.stop] or None,
        # OpenAI's scale ends at 2, Anthropic's at 1.
        "temperature": None if plan.thinks or request.temperature is None else min(request.temperature, 1.0),
        "top_p": None if plan.thinks and (request.top_p or 0) < 0.95 else request.top_p,
        "metadata": _metadata(request, extra),
        "service_tier": _TIERS.get(json.text(extra, "service_tier") or ""),
        "stream": True if stream else None,
    }
    body: dict[str, Json] = {name: value for name, value in written.items() if value is not None}
    for name, value in extra.items():
        if name not in body and name not in _OURS and name not in _OPENAI_ONLY:
            body[name] = value
    return body


def _output_config(request: ChatRequest, own: Json, effort: str | None) -> dict[str, Json]:
    """`effort` and `format`, beside what the client put there itself, which wins."""
    if own is not None and not isinstance(own, dict):
        raise AdapterError.invalid_request("this must be an object", param="output_config")
    config: dict[str, Json] = {**own} if own else {}
    if effort is not None:
        config.setdefault("effort", effort)
    if (form := _output_format(request)) is not None:
        config.setdefault("format", form)
    return config


def _output_format(request: ChatRequest) -> Json:
    """A schema is enforced. OpenAI's bare JSON mode has no counterpart: the prompt asks for JSON there by
    OpenAI's own rule, and Claude follows the prompt."""
    try:
        match request.response_format:
            case JsonSchema(text):
                schema = json.loads_object(text).get("schema")
                if schema is None:
                    raise ValueError("it has no schema")
                return {"type": "json_schema", "schema": schema}
            case OtherFormat(text):
                return json.loads(text)
    except ValueError as error:
        place = "response_format.json_schema"
        raise AdapterError.invalid_request(f"this is not a response format: {error}", param=place) from None
    return None


def _metadata(request: ChatRequest, extra: dict[str, Json]) -> Json:
    """Anthropic's metadata holds nothing but the end user."""
    named = (request.metadata.get("user_id"), request.user, json.text(extra, "safety_identifier"))
    user_id = next((each for each in named if each is not None), None)
    return None if user_id is None else {"user_id": user_id}
