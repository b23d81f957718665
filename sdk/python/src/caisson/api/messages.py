"""Messages of a conversation, in a request and in an answer: who speaks, and what it is made of."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


class Role(StrEnum):
    """Who speaks a message."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(slots=True)
class UrlSource:
    """An absolute URL for the provider to load. A `data:` URL arrives as `Base64Source` instead."""

    url: str


@dataclass(slots=True)
class Base64Source:
    """Base64 text without a data-URL prefix."""

    data: str


@dataclass(slots=True)
class IdSource:
    """An id that the provider gave for an uploaded file."""

    id: str


Source: TypeAlias = UrlSource | Base64Source | IdSource


@dataclass(slots=True)
class Media:
    """The bytes of an image, audio clip or file, and what is known of them."""

    source: Source
    mime_type: str | None = None
    file_name: str | None = None
    detail: str | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Image(Media):
    """OpenAI's part `image_url`."""


@dataclass(slots=True)
class Audio(Media):
    """OpenAI's part `input_audio`; its format is in `mime_type`."""


@dataclass(slots=True)
class File(Media):
    """OpenAI's part `file`."""


@dataclass(slots=True)
class TextPart:
    """A run of text."""

    text: str
    extra: dict[str, str] = field(default_factory=dict)
    """What the client put beside it, such as a provider's `cache_control`."""


@dataclass(slots=True)
class RefusalPart:
    """The model's refusal, in an assistant message."""

    text: str
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Reasoning:
    """One block of a model's reasoning; also a part, where the client sent it back among them."""

    text: str = ""
    """What the model thought, or the provider's summary; empty where redacted."""
    signature: str | None = None
    """The provider's proof or encrypted form, to be sent back unchanged."""
    redacted: bool = False
    """True where `text` is withheld and `signature` holds all there is."""


@dataclass(slots=True)
class OtherPart:
    """A part that the contract has no name for, as JSON text."""

    json: str


Part: TypeAlias = TextPart | Image | Audio | File | RefusalPart | Reasoning | OtherPart
Content: TypeAlias = str | list[Part] | None


@dataclass(slots=True)
class ToolCall:
    """A call of a tool that the model asks the client to make."""

    id: str
    """Ties the result to the call. In an answer it may be empty: the host makes one."""
    name: str
    arguments: str = "{}"
    """The model's argument text: JSON for a function, free text for a custom tool."""
    kind: str = "function"
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Message:
    """One message."""

    role: Role
    content: Content = None
    name: str | None = None
    refusal: str | None = None
    reasoning: list[Reasoning] = field(default_factory=list)
    tool_calls: list[ToolCall] = field(default_factory=list)
    tool_call_id: str | None = None
    """The call that this message answers; set where `role` is `tool`."""
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The message's text, all text parts joined with nothing between."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content or () if isinstance(part, TextPart))

    @classmethod
    def system(cls, content: Content) -> "Message":
        """What the model is told before the conversation."""
        return cls(Role.SYSTEM, content)

    @classmethod
    def user(cls, content: Content) -> "Message":
        """What the user said."""
        return cls(Role.USER, content)

    @classmethod
    def assistant(cls, content: Content) -> "Message":
        """What the model said."""
        return cls(Role.ASSISTANT, content)
