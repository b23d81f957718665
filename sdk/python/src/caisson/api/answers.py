"""What an adapter gives back as a whole: chat answers, vectors, counts."""

from dataclasses import dataclass, field
from typing import TypeAlias

from caisson.api.messages import Message

# Inside a class with a field of that name the type has no other.
Bytes: TypeAlias = bytes


@dataclass(slots=True)
class TopLogprob:
    """A token that could have stood at a position."""

    token: str
    logprob: float
    bytes: Bytes | None = None


@dataclass(slots=True)
class TokenLogprob:
    """A token of the answer."""

    token: str
    logprob: float
    bytes: Bytes | None = None
    top: list[TopLogprob] = field(default_factory=list)


@dataclass(slots=True)
class Choice:
    """One of the answers to a request."""

    message: Message
    finish_reason: str = "stop"
    """`stop`, `length`, `tool_calls`, `content_filter`; another word reaches the client as it is."""
    index: int = 0
    logprobs: list[TokenLogprob] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Usage:
    """Tokens of the whole request, all choices together, as the provider counted them. Also an event:
    counts up to here, of which the last stands."""

    input: int = 0
    """Of the prompt, cached ones included."""
    output: int = 0
    """Of all choices, reasoning included."""
    total: int = 0
    """The provider's total; where zero the host sums `input` and `output`."""
    cached_input: int | None = None
    cache_write_input: int | None = None
    audio_input: int | None = None
    reasoning_output: int | None = None
    audio_output: int | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ChatAnswer:
    """OpenAI's `chat.completion` object. The host writes `object` and `created`."""

    choices: list[Choice]
    usage: Usage | None = None
    """None lets the host estimate."""
    id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    extra: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_text(cls, text: str, usage: Usage | None = None) -> "ChatAnswer":
        """An answer of one choice whose message is this text, finished with `stop`."""
        return cls([Choice(Message.assistant(text))], usage)


@dataclass(slots=True)
class Raw:
    """A whole OpenAI object as JSON text, passed through: a `chat.completion` as an answer, a
    `chat.completion.chunk` as an event. The host still sees to what the wire demands."""

    json: str


@dataclass(slots=True)
class EmbedResponse:
    """Vectors, one for each input, in order; finite numbers."""

    vectors: list[list[float]]
    usage: Usage | None = None
    """The provider's count, `output` zero; None lets the host estimate."""
    model: str | None = None
    extra: dict[str, str] = field(default_factory=dict)
