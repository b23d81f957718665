"""What a client asks: a chat completion or embeddings, checked and taken apart by the host."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from caisson.api.messages import Message


@dataclass(slots=True)
class Tool:
    """A tool that the model may call."""

    name: str
    description: str | None = None
    parameters: str | None = None
    """JSON Schema of a function's parameters, or a custom tool's format, as JSON text."""
    strict: bool | None = None
    kind: str = "function"
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class NamedTool:
    """The model must call this tool."""

    name: str


@dataclass(slots=True)
class OtherChoice:
    """A tool choice that the contract has no name for, as JSON text."""

    json: str


ToolChoice: TypeAlias = Literal["auto", "none", "required"] | NamedTool | OtherChoice


@dataclass(slots=True)
class JsonSchema:
    """OpenAI's `json_schema` object (name, schema, strict), as JSON text."""

    json: str


@dataclass(slots=True)
class OtherFormat:
    """A response format that the contract has no name for, as JSON text."""

    json: str


ResponseFormat: TypeAlias = Literal["text", "json_object"] | JsonSchema | OtherFormat


@dataclass(slots=True)
class ChatRequest:
    """OpenAI's body of `POST /v1/chat/completions`; types and shape are checked, not what models support."""

    model: str
    """Without the deployment's prefix."""
    messages: list[Message] = field(default_factory=list)
    tools: list[Tool] = field(default_factory=list)
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    max_tokens: int | None = None
    """Most tokens of the answer: the client's `max_completion_tokens`, else its `max_tokens`."""
    temperature: float | None = None
    top_p: float | None = None
    n: int = 1
    stop: list[str] = field(default_factory=list)
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: dict[str, float] = field(default_factory=dict)
    logprobs: bool = False
    top_logprobs: int | None = None
    reasoning_effort: str | None = None
    modalities: list[str] = field(default_factory=list)
    user: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    """The client's own labels, plain text."""
    extra: dict[str, str] = field(default_factory=dict)
    """Fields that the contract has no name for, as JSON text: `{"top_k": "5"}`."""


@dataclass(slots=True)
class EmbedRequest:
    """OpenAI's body of `POST /v1/embeddings`; the host does base64."""

    model: str
    input: list[str] | list[list[int]]
    """Texts, or the token ids of each input; at least one."""
    dimensions: int | None = None
    user: str | None = None
    extra: dict[str, str] = field(default_factory=dict)
