"""A request as it leaves, an answer as it comes, and why there is none. No behaviour."""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol


@dataclass(slots=True)
class Timeouts:
    """How many seconds each stage may take; the host's own limits where None."""

    connect: float | None = None
    first_byte: float | None = None
    """For the answer's first byte, once the request is sent."""
    between_bytes: float | None = None
    """For each next piece of the answer."""


@dataclass(slots=True)
class Call:
    """A request as it leaves: checked, and complete but for what the host adds."""

    method: str
    secure: bool
    authority: str
    path_with_query: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | None = None
    """None for a request that has no body at all, such as a GET."""
    timeouts: Timeouts = field(default_factory=Timeouts)

    @property
    def origin(self) -> str:
        """Scheme and authority, as a grant names them."""
        return f"{'https' if self.secure else 'http'}://{self.authority}"


class Body(Protocol):
    """The body of an answer."""

    def read(self) -> bytes | None:
        """Waits for bytes and gives those that are there, never none of them; None at the end."""

    def close(self) -> None:
        """Ends the exchange, read or not. May be called again."""


@dataclass(slots=True)
class Answer:
    """The head of an answer, and its body still to be read."""

    status: int
    headers: list[tuple[str, str]]
    body: Body


class FaultKind(Enum):
    """Faults, as far as anyone above treats them differently."""

    DENIED = auto()
    """The host refused: no grant."""
    UNREACHABLE = auto()
    """Nobody answered there, or hung up before answering. Worth another try."""
    TIMEOUT = auto()
    """Somebody took too long."""
    BROKEN = auto()
    """The exchange went wrong in another way."""
    MALFORMED = auto()
    """The request itself can't be sent."""


class Fault(Exception):
    """Why there is no answer, or no more of it."""

    def __init__(self, kind: FaultKind, what: str) -> None:
        super().__init__(what)
        self.kind = kind
        self.what = what
        """What happened, to stand after "https://host: "."""
