"""Messages → `system` and turns. OpenAI's list is flat: system messages anywhere, a message for each tool
result. Anthropic wants one system prompt and turns of blocks that alternate, so neighbours of one speaker are
joined, and tool results, which the user speaks, with them."""

import re

from caisson import (
    AdapterError,
    Content,
    File,
    Image,
    Message,
    OtherPart,
    Part,
    Reasoning,
    RefusalPart,
    Role,
    TextPart,
    ToolCall,
    json,
)
from caisson.json import Json

from anthropic_adapter.conversions import kept, media
from anthropic_adapter.conversions.fields import beside, flat_extra


class Verbatim(dict[str, Json]):
    """A block as the client, or the provider before, wrote it."""


Blocks = list[dict[str, Json]]

# Where `cache_control` and its like have a place; thinking has none.
_MARKED = ("text", "image", "document", "tool_use", "tool_result")


def conversation(messages: list[Message]) -> tuple[Blocks, list[Json]]:
    """The system prompt's blocks, and the turns; neighbours never share a speaker."""
    system: Blocks = []
    turns: list[tuple[str, Blocks]] = []
    for position, message in enumerate(messages):
        path = f"messages[{position}]"
        blocks = _blocks(message, path)
        _mark_cache(message, blocks, path)
        if message.role in (Role.SYSTEM, Role.DEVELOPER):
            system += blocks
            continue
        speaker = "assistant" if message.role is Role.ASSISTANT else "user"
        if turns and turns[-1][0] == speaker:
            turns[-1][1].extend(blocks)
        # Anthropic refuses a turn that says nothing.
        elif blocks:
            turns.append((speaker, blocks))
    if not turns:
        raise AdapterError.invalid_request("at least one message with content is needed", param="messages")
    return system, [{"role": speaker, "content": on_the_wire(blocks)} for speaker, blocks in turns]


def on_the_wire(blocks: Blocks) -> Json:
    """A list of blocks; a lone plain text is a string."""
    match blocks:
        case [{"type": "text", "text": str(text), **others} as block] if not others:
            return [block] if isinstance(block, Verbatim) else text
    return list(blocks)


def _blocks(message: Message, path: str) -> Blocks:
    match message.role:
        case Role.ASSISTANT:
            blocks = _kept(message, path)
            return _assistant(message, path) if blocks is None else blocks
        case Role.TOOL:
            return [_tool_result(message, path)]
    return _content(message.content, path)


def _kept(message: Message, path: str) -> Blocks | None:
    """The blocks of an earlier answer exactly as the provider wrote them."""
    if kept.FIELD not in message.extra:
        return None
    try:
        blocks = json.loads(message.extra[kept.FIELD])
    except ValueError:
        blocks = None
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise AdapterError.invalid_request(
            "this must be the list of blocks of an earlier answer", param=f"{path}.{kept.FIELD}"
        )
    return [Verbatim(block) for block in json.objects(blocks)]


def _assistant(message: Message, path: str) -> Blocks:
    # Thinking must open the turn, or the provider refuses it.
    blocks = [block for each in message.reasoning for block in _thinking(each)]
    blocks += _content(message.content, path)
    blocks += _text(message.refusal or "")
    for position, call in enumerate(message.tool_calls):
        blocks.append(_tool_use(call, f"{path}.tool_calls[{position}]"))
    return blocks


def _content(content: Content, path: str) -> Blocks:
    if isinstance(content, str):
        return _text(content)
    parts = enumerate(content or ())
    return [block for position, each in parts for block in _part(each, f"{path}.content[{position}]")]


def _part(part: Part, path: str) -> Blocks:
    match part:
        case TextPart() | RefusalPart():
            extra = json.parse_extra(part.extra, path)
            return [beside(block, extra) for block in _text(part.text)]
        case Image():
            return [media.image(part, path)]
        case File():
            return [media.file(part, path)]
        case Reasoning():
            return _thinking(part)
        case OtherPart():
            try:
                return [Verbatim(json.loads_object(part.json))]
            except ValueError as error:
                raise AdapterError.invalid_request(f"this is not JSON: {error}", param=path) from None
    raise AdapterError.unsupported("audio", param=path)


def _text(text: str) -> Blocks:
    """Anthropic refuses a text block that is empty."""
    return [{"type": "text", "text": text}] if text else []


def _thinking(reasoning: Reasoning) -> Blocks:
    """Only what carries its proof goes back: unsigned thinking is refused, and a model does not need
    another's."""
    if reasoning.signature is None:
        return []
    if reasoning.redacted:
        return [{"type": "redacted_thinking", "data": reasoning.signature}]
    return [{"type": "thinking", "thinking": reasoning.text, "signature": reasoning.signature}]


def _tool_use(call: ToolCall, path: str) -> dict[str, Json]:
    # An input must be an object here, so a free-text tool's argument is wrapped in one.
    wanted: dict[str, Json] = {"input": call.arguments}
    if call.kind == "function":
        wanted = _arguments(call.arguments, path)
    extra = flat_extra(call.extra, call.kind, path)
    # OpenAI's clients leave these in a call that they folded from a stream; Anthropic refuses the turn for them.
    for name in ("index", "parsed_arguments"):
        extra.pop(name, None)
    return beside({"type": "tool_use", "id": _tool_id(call.id), "name": call.name, "input": wanted}, extra)


def _arguments(text: str, path: str) -> dict[str, Json]:
    place = f"{path}.function.arguments"
    try:
        value = json.loads(text if text.strip() else "{}")
    except ValueError as error:
        raise AdapterError.invalid_request(f"the arguments are not JSON: {error}", param=place) from None
    if not isinstance(value, dict):
        raise AdapterError.invalid_request("the arguments must be a JSON object", param=place)
    return value


def _tool_result(message: Message, path: str) -> dict[str, Json]:
    if message.tool_call_id is None:
        raise AdapterError.invalid_request(
            "a tool's answer must name the call it answers", param=f"{path}.tool_call_id"
        )
    block: dict[str, Json] = {"type": "tool_result", "tool_use_id": _tool_id(message.tool_call_id)}
    if content := _content(message.content, path):
        block["content"] = on_the_wire(content)
    told = {name: value for name, value in message.extra.items() if name == "is_error"}
    return beside(block, json.parse_extra(told, path))


def _tool_id(identifier: str) -> str:
    """Anthropic takes letters, digits, `_` and `-`; ids of other providers hold more, and both ends of the pair
    are changed alike."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", identifier)


def _mark_cache(message: Message, blocks: Blocks, path: str) -> None:
    """A `cache_control` beside the message marks its last block: a plain string has no other place for it."""
    field = "cache_control"
    mark = {name: value for name, value in message.extra.items() if name == field}
    if not mark or not blocks or isinstance(blocks[-1], Verbatim) or blocks[-1]["type"] not in _MARKED:
        return
    blocks[-1] = beside(blocks[-1], json.parse_extra(mark, path))
