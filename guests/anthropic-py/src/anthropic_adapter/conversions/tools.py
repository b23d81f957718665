"""Tools and the choice among them. A function becomes a tool with an input schema; Anthropic's own tools
(`web_search_20250305`, `bash_20250124` …) go through under their type. OpenAI's free-text tools have no
counterpart and are refused."""

from caisson import AdapterError, ChatRequest, NamedTool, OtherChoice, Tool, json
from caisson.json import Json

from anthropic_adapter.conversions.fields import beside, flat_extra

_CHOICES = {"auto": "auto", "none": "none", "required": "any"}


def tools(given: list[Tool]) -> list[Json]:
    return [_tool(each, f"tools[{position}]") for position, each in enumerate(given)]


def choice(request: ChatRequest) -> Json:
    """None where Anthropic's default is meant: `auto`, calls side by side."""
    one_at_a_time = request.parallel_tool_calls is False
    match request.tool_choice:
        # Without tools there is nothing to choose, and saying so is refused.
        case None | "auto" | "none" if not request.tools:
            return None
        case None:
            chosen: dict[str, Json] | None = {"type": "auto"} if one_at_a_time else None
        case NamedTool(name):
            chosen = {"type": "tool", "name": name}
        case OtherChoice(text):
            try:
                return json.loads(text)
            except ValueError as error:
                raise AdapterError.invalid_request(f"this is not JSON: {error}", param="tool_choice") from None
        case word:
            chosen = {"type": _CHOICES[word]}
    if chosen is not None and one_at_a_time and chosen["type"] != "none":
        chosen["disable_parallel_tool_use"] = True
    return chosen


def is_forced(request: ChatRequest) -> bool:
    """Whether the model must call a tool: Anthropic refuses to think before a forced call."""
    return request.tool_choice == "required" or isinstance(request.tool_choice, NamedTool)


def _tool(tool: Tool, path: str) -> dict[str, Json]:
    extra = flat_extra(tool.extra, tool.kind, path)
    if tool.kind == "function":
        own: dict[str, Json] = {"name": tool.name, "input_schema": _input_schema(tool.parameters, path)}
    elif tool.kind == "custom" and "input_schema" not in extra:
        raise AdapterError.unsupported("tools that take free text", param=path)
    else:
        own = {"type": extra.pop("type", tool.kind)}
        if tool.name or "name" in extra:
            own["name"] = extra.pop("name", tool.name)
    if tool.description is not None and "description" not in extra:
        own["description"] = tool.description
    if tool.strict and "strict" not in extra:
        own["strict"] = True
    return beside(own, extra)


def _input_schema(parameters: str | None, path: str) -> dict[str, Json]:
    """The schema as it came, but with the `type` that Anthropic insists on and OpenAI does not."""
    try:
        schema = json.loads_object("{}" if parameters is None else parameters)
    except ValueError as error:
        raise AdapterError.invalid_request(
            f"the parameters are not a JSON Schema object: {error}", param=f"{path}.function.parameters"
        ) from None
    return schema if schema.get("type") is not None else {**schema, "type": "object"}
