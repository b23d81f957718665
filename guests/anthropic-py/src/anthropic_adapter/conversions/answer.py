"""A whole answer of the Messages API → the contract's. Fields without a name in the contract stay beside the
answer as they came."""

from caisson import AdapterError, ChatAnswer, Choice, Message, Reasoning, ToolCall, json
from caisson.json import Json

from anthropic_adapter.conversions import kept
from anthropic_adapter.conversions.fields import leftover
from anthropic_adapter.conversions.usage import Counts

_FINISH_REASONS = {
    None: "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}

# Reasons that OpenAI's word hides.
_TOLD = ("stop_sequence", "refusal", "model_context_window_exceeded")


def chat_answer(body: bytes) -> ChatAnswer:
    """Reads the body of a successful answer."""
    try:
        fields = json.loads_object(body)
    except ValueError as error:
        raise AdapterError.upstream(f"the answer is not a message in JSON: {error}") from None
    blocks = fields.pop("content", None)
    if not isinstance(blocks, list):
        raise AdapterError.upstream("the answer is no message: it has no list of content")
    counts = counts_of(fields)
    ending = Ending(fields)
    identifier, model = head_of(fields)
    return ChatAnswer(
        [Choice(_message(blocks), ending.finish_reason, extra=ending.extra)],
        usage=counts.usage() if counts.known else None,
        id=identifier,
        model=model,
        service_tier=counts.service_tier,
        extra=leftover(fields),
    )


def counts_of(fields: dict[str, Json]) -> Counts:
    """Takes the counts out of a message."""
    counts = Counts()
    usage = fields.pop("usage", None)
    if isinstance(usage, dict):
        counts.update(usage)
    return counts


def head_of(fields: dict[str, Json]) -> tuple[str | None, str | None]:
    """Takes out what a message says of itself before its content: id and model, and what kind of object it is."""
    head = json.text(fields, "id"), json.text(fields, "model")
    for name in ("id", "model", "type", "role"):
        fields.pop(name, None)
    return head


def indirect_caller(block: dict[str, Json]) -> dict[str, str]:
    """The field that a call has beside OpenAI's where not the model itself made it, which goes without saying."""
    caller = json.object_in(block, "caller") or {}
    kind = json.text(caller, "type")
    return {} if kind in (None, "direct") else {"caller": json.dumps(caller)}


class Ending:
    """Why a message ended; takes the fields that speak of it out of a message or a `message_delta`."""

    def __init__(self, fields: dict[str, Json]) -> None:
        self.reason = json.text(fields, "stop_reason")
        fields.pop("stop_reason", None)
        beside = {name: fields.pop(name, None) for name in ("stop_sequence", "stop_details")}
        self.extra = leftover(beside)
        """What OpenAI's word for the reason does not say."""
        if self.reason in _TOLD:
            self.extra["stop_reason"] = json.dumps(self.reason)

    @property
    def finish_reason(self) -> str:
        # `pause_turn`, and whatever comes: the answer is not over, so not `stop`.
        return _FINISH_REASONS.get(self.reason) or self.reason or "stop"


def _message(blocks: list[Json]) -> Message:
    message = Message.assistant(None)
    shape = kept.Shape()
    texts: list[str] = []
    for block in blocks:
        shape.see(block)
        if not isinstance(block, dict) or not kept.is_readable(block):
            continue
        match block["type"]:
            case "text":
                texts.append(json.text(block, "text") or "")
            case "thinking":
                thought = json.text(block, "thinking") or ""
                message.reasoning.append(Reasoning(thought, json.text(block, "signature") or None))
            case "redacted_thinking":
                message.reasoning.append(Reasoning("", json.text(block, "data"), redacted=True))
            case "tool_use":
                message.tool_calls.append(_tool_call(block))
    message.content = "".join(texts) or None
    if shape.lossy:
        message.extra[kept.FIELD] = json.dumps(blocks)
    return message


def _tool_call(block: dict[str, Json]) -> ToolCall:
    given = block.get("input")
    return ToolCall(
        json.text(block, "id") or "",
        json.text(block, "name") or "",
        "{}" if given is None else json.dumps(given),
        extra=indirect_caller(block),
    )
