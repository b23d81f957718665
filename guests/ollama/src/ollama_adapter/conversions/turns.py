"""Messages → Ollama's, one for one. A message there has one text, and its images beside it."""

from caisson import (
    AdapterError,
    Base64Source,
    Content,
    File,
    Image,
    Message,
    Part,
    Reasoning,
    RefusalPart,
    Role,
    TextPart,
    ToolCall,
    json,
)
from caisson.json import Json


def conversation(messages: list[Message]) -> list[Json]:
    turns: list[Json] = []
    # Ollama ties a tool's result to its call by the tool's name.
    names: dict[str, str] = {}
    for position, message in enumerate(messages):
        path = f"messages[{position}]"
        turn = _turn(message, path)
        if message.role is Role.ASSISTANT:
            names |= {call.id: call.name for call in message.tool_calls if call.id}
        if message.role is Role.TOOL:
            turn |= _answered(message, names)
        turns.append(turn)
    return turns


def _turn(message: Message, path: str) -> dict[str, Json]:
    texts, images, thoughts = _taken_apart(message.content, path)
    if message.refusal:
        texts.append(message.refusal)
    turn: dict[str, Json] = {
        "role": "system" if message.role is Role.DEVELOPER else message.role.value,
        # OpenAI's parts are apart from each other, and so they stay.
        "content": "\n".join(text for text in texts if text),
    }
    if images:
        turn["images"] = [*images]
    if thinking := "".join(each.text for each in [*message.reasoning, *thoughts]):
        turn["thinking"] = thinking
    if message.tool_calls:
        turn["tool_calls"] = [
            _tool_call(call, index, f"{path}.tool_calls[{index}]") for index, call in enumerate(message.tool_calls)
        ]
    return turn


def _taken_apart(content: Content, path: str) -> tuple[list[str], list[str], list[Reasoning]]:
    """The texts, images and thoughts of a message."""
    texts: list[str] = []
    images: list[str] = []
    thoughts: list[Reasoning] = []
    parts: list[Part] = [TextPart(content)] if isinstance(content, str) else content or []
    for position, part in enumerate(parts):
        place = f"{path}.content[{position}]"
        match part:
            case TextPart() | RefusalPart():
                texts.append(part.text)
            case Image():
                images.append(_image(part, f"{place}.image_url"))
            case File() if (part.mime_type or "").startswith("image/"):
                images.append(_image(part, f"{place}.file"))
            case File():
                raise AdapterError.unsupported("files that are no images", param=f"{place}.file")
            case Reasoning():
                thoughts.append(part)
            case _:
                raise AdapterError.unsupported("parts but text, images and reasoning", param=place)
    return texts, images, thoughts


def _image(media: Image | File, place: str) -> str:
    if not isinstance(media.source, Base64Source):
        raise AdapterError.unsupported("images but inline ones: Ollama loads none, send a data: URL", param=place)
    return media.source.data


def _tool_call(call: ToolCall, index: int, path: str) -> dict[str, Json]:
    if call.kind != "function":
        raise AdapterError.unsupported("calls of tools that are no functions", param=path)
    function: dict[str, Json] = {"index": index, "name": call.name, "arguments": _arguments(call.arguments, path)}
    named: dict[str, Json] = {"id": call.id} if call.id else {}
    return {**named, "type": "function", "function": function}


def _arguments(text: str, path: str) -> dict[str, Json]:
    place = f"{path}.function.arguments"
    try:
        value = json.loads(text if text.strip() else "{}")
    except ValueError as error:
        raise AdapterError.invalid_request(f"the arguments are not JSON: {error}", param=place) from None
    if not isinstance(value, dict):
        raise AdapterError.invalid_request("the arguments must be a JSON object", param=place)
    return value


def _answered(message: Message, names: dict[str, str]) -> dict[str, Json]:
    """Which call a result belongs to, as far as anyone said."""
    identifier = message.tool_call_id
    name = message.name or names.get(identifier or "")
    known: dict[str, Json] = {"tool_name": name, "tool_call_id": identifier}
    return {field: value for field, value in known.items() if value}
