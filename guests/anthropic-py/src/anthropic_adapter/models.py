"""The Claude models that this adapter knows by name. A list for people to read: any other `claude-*` is
admitted too, and none is treated differently for being here."""

from caisson import ModelInfo

# Identifier, context window, longest answer; the newest first.
_MODELS = (
    ("claude-fable-5-1", 1_000_000, 128_000),
    ("claude-opus-5-5", 1_000_000, 128_000),
    ("claude-sonnet-5-5", 1_000_000, 128_000),
    ("claude-haiku-5-5", 1_000_000, 128_000),
    ("claude-fable-5", 1_000_000, 128_000),
    ("claude-opus-5", 1_000_000, 128_000),
    ("claude-sonnet-5", 1_000_000, 128_000),
    ("claude-opus-4-8", 1_000_000, 128_000),
    ("claude-opus-4-7", 1_000_000, 128_000),
    ("claude-opus-4-6", 1_000_000, 128_000),
    ("claude-sonnet-4-6", 1_000_000, 128_000),
    ("claude-opus-4-5", 200_000, 64_000),
    ("claude-haiku-4-5", 200_000, 64_000),
)

_CAPABILITIES = ["chat", "stream", "tools", "images", "files", "reasoning", "json-schema"]


def known() -> list[ModelInfo]:
    models = [ModelInfo(name, _CAPABILITIES, context, output) for name, context, output in _MODELS]
    return [*models, ModelInfo("claude-*", _CAPABILITIES)]
