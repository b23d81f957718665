"""A whole answer of `/api/chat` → the contract's, and the message in it, which a stream's lines hold as well. Fields
without a name in the contract stay beside the answer as they came."""

from collections.abc import Mapping

from caisson import AdapterError, ChatAnswer, Choice, Message, Reasoning, ToolCall, json
from caisson.json import Json

from ollama_adapter import refusals
from ollama_adapter.conversions import counts, logprobs


def chat_answer(body: bytes) -> ChatAnswer:
    """Reads the body of a successful answer."""
    fields = answer_object(body)
    if not isinstance(fields.get("message"), dict):
        raise unreadable("the answer", "it has no message")
    message = message_in(fields, "the answer")
    usage = counts.usage_in(fields)
    tokens = logprobs.tokens_in(fields)
    reason = finish_reason_in(fields, bool(message.tool_calls))
    model = model_in(fields)
    return ChatAnswer([Choice(message, reason, logprobs=tokens)], usage, model=model, extra=leftover(fields))


def answer_object(body: str | bytes, what: str = "the answer") -> dict[str, Json]:
    """An object of the server's that is no error."""
    try:
        fields = json.loads_object(body)
    except ValueError as error:
        raise unreadable(what, str(error)) from None
    refusals.raise_if_failed(fields)
    return fields


def message_in(fields: dict[str, Json], what: str) -> Message:
    """Takes the message out of an answer or a line; the last line may have none."""
    said = fields.pop("message", None)
    if said is None:
        return Message.assistant(None)
    if not isinstance(said, dict):
        raise unreadable(what, "its message is no object")
    content, thinking = (_text(said.pop(name, None), name, what) for name in ("content", "thinking"))
    calls = said.pop("tool_calls", None)
    if calls is not None and not isinstance(calls, list):
        raise unreadable(what, "its tool_calls are no list")
    message = Message.assistant(content or None)
    message.reasoning = [Reasoning(thinking)] if thinking else []
    message.tool_calls = [_tool_call(call, what) for call in calls or ()]
    said.pop("role", None)
    if said:
        message.extra = leftover(said)
    return message


def finish_reason_in(fields: dict[str, Json], calls: bool) -> str:
    """Takes out why the answer ended. Ollama says `stop` after tool calls too, and older servers say nothing."""
    reason = json.text(fields, "done_reason") or "stop"
    for name in ("done", "done_reason"):
        fields.pop(name, None)
    return "tool_calls" if calls and reason == "stop" else reason


def model_in(fields: dict[str, Json]) -> str | None:
    """Takes the head out: the model's name, and the time, which the host writes itself."""
    model = json.text(fields, "model")
    for name in ("model", "created_at"):
        fields.pop(name, None)
    return model


def leftover(fields: Mapping[str, Json]) -> dict[str, str]:
    """What nobody took, as the contract carries it; nulls say nothing and stay behind."""
    return json.extra_fields({name: value for name, value in fields.items() if value is not None})


def unreadable(what: str, why: str) -> AdapterError:
    return AdapterError.upstream(f"{what} could not be read: {why}")


def _text(value: Json, name: str, what: str) -> str:
    if value is not None and not isinstance(value, str):
        raise unreadable(what, f"its {name} is no text")
    return value or ""


def _tool_call(call: Json, what: str) -> ToolCall:
    """Arguments are an object on the wire, and text in the contract. Older servers give a call no id; the host
    then makes one."""
    function = json.object_in(call, "function") if isinstance(call, dict) else None
    name = json.text(function or {}, "name")
    if not isinstance(call, dict) or function is None or not name:
        raise unreadable(what, "a tool call of it names no function")
    given = function.get("arguments")
    arguments = given if isinstance(given, str) else json.dumps({} if given is None else given)
    return ToolCall(json.text(call, "id") or "", name, arguments)
