"""The seam off Wasm: everything is answered by the `testing` script of this context. Opens no socket."""

import time
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field

from caisson.transport.exchange import Answer, Call, Fault, FaultKind


@dataclass
class ScriptedReply:
    """What the upstream does with one request: a fault, or an answer with its body in pieces."""

    status: int
    headers: list[tuple[str, str]]
    chunks: list[bytes]
    fault: Fault | None = None
    ending: Fault | None = None
    """How the body ends, where not well."""


@dataclass
class Script:
    """What the upstream will answer, and what it was asked."""

    replies: deque[ScriptedReply] = field(default_factory=deque)
    calls: list[Call] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    open_bodies: int = 0
    original_body: bytes = b""
    token_counter: Callable[[str, str], int | None] | None = None


current: ContextVar[Script | None] = ContextVar("caisson_script", default=None)


class ScriptedBody:
    """A body that comes in the pieces of its reply."""

    def __init__(self, script: Script, reply: ScriptedReply) -> None:
        self._script = script
        # The host never gives an empty piece.
        self._chunks = deque(chunk for chunk in reply.chunks if chunk)
        self._ending = reply.ending
        self._open = True
        script.open_bodies += 1

    def read(self) -> bytes | None:
        if not self._open:
            return None
        if self._chunks:
            return self._chunks.popleft()
        self.close()
        if self._ending is not None:
            raise self._ending
        return None

    def close(self) -> None:
        if self._open:
            self._open = False
            self._script.open_bodies -= 1


def send(call: Call) -> Answer:
    script = current.get()
    if script is None:
        raise Fault(FaultKind.BROKEN, "there is no network here: do this inside `with testing.Upstream(…)`")
    script.calls.append(call)
    if not script.replies:
        raise Fault(FaultKind.BROKEN, "the script has no reply left for this request")
    reply = script.replies.popleft()
    if reply.fault is not None:
        raise reply.fault
    return Answer(reply.status, list(reply.headers), ScriptedBody(script, reply))


def sleep(seconds: float) -> None:
    """Moves the script's clock; really sleeps never."""
    if (script := current.get()) is not None:
        script.slept.append(seconds)


def elapsed() -> float:
    script = current.get()
    return sum(script.slept) if script else 0.0


def unix_seconds() -> int:
    return int(time.time())


def fraction() -> float:
    """No chance in tests: each wait is the longest it could be."""
    return 1.0


def original_body() -> bytes:
    script = current.get()
    return script.original_body if script else b""


def count_tokens(encoding: str, text: str) -> int | None:
    script = current.get()
    return script.token_counter(encoding, text) if script and script.token_counter else None
