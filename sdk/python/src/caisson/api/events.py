"""The steps of a streamed answer. Within a choice their order is the client's order."""

from dataclasses import dataclass, field
from typing import TypeAlias

from caisson.api.answers import Raw, TokenLogprob, Usage


@dataclass(slots=True)
class StreamStart:
    """What is known before the first word. Once, before all others; may be left out."""

    id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class TextDelta:
    """More text of a choice."""

    text: str
    choice: int = 0


@dataclass(slots=True)
class RefusalDelta:
    """More of the model's refusal."""

    text: str
    choice: int = 0


@dataclass(slots=True)
class ReasoningDelta:
    """More reasoning of a choice."""

    text: str = ""
    signature: str | None = None
    """The block's signature, with its last delta."""
    redacted: bool = False
    """True where this is a block of its own whose text is withheld: `signature` holds all there is."""
    choice: int = 0


@dataclass(slots=True)
class ToolDelta:
    """A fragment of a tool call. The first of a call carries id and name."""

    index: int
    """Position of the call within the message, from 0."""
    arguments: str = ""
    """What to append to the argument text."""
    id: str | None = None
    name: str | None = None
    kind: str | None = None
    choice: int = 0
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class LogprobsDelta:
    """The log probabilities of tokens just sent, right after the text they belong to."""

    tokens: list[TokenLogprob]
    choice: int = 0


@dataclass(slots=True)
class Finish:
    """The end of a choice, once. Where it is missing the host writes a stop."""

    reason: str = "stop"
    """As in `Choice.finish_reason`."""
    choice: int = 0


@dataclass(slots=True)
class OtherDelta:
    """Fields to merge into a choice's delta that the contract has no name for."""

    extra: dict[str, str]
    choice: int = 0


Event: TypeAlias = (
    StreamStart
    | TextDelta
    | RefusalDelta
    | ReasoningDelta
    | ToolDelta
    | LogprobsDelta
    | Finish
    | Usage
    | OtherDelta
    | Raw
)
