"""The provider of a test: answers what it was told to, and remembers what it was asked."""

from collections.abc import Callable
from contextvars import Token
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from caisson import json as _json
from caisson.testing.reply import Reply
from caisson.transport import Call
from caisson.transport.scripted import Script, current


@dataclass
class Sent:
    """A request as the provider got it. The credential is not in it: the host would add that."""

    method: str
    url: str
    """Absolute, with its query."""
    headers: list[tuple[str, str]]
    """In order, names in lower case."""
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of this name, in any case."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    def json(self) -> Any:
        """The body as JSON; the test fails where it is none."""
        return _json.loads(self.body)


class Upstream:
    """One reply for each request, in order. Inside its `with` it stands in for the network."""

    def __init__(
        self,
        *replies: Reply,
        original_body: bytes = b"",
        token_counter: Callable[[str, str], int | None] | None = None,
    ) -> None:
        self._script = Script(original_body=original_body, token_counter=token_counter)
        self._script.replies.extend(reply.scripted for reply in replies)
        self._tokens: list[Token[Script | None]] = []

    @property
    def requests(self) -> list[Sent]:
        """The requests so far."""
        return [_sent(call) for call in self._script.calls]

    @property
    def replies_left(self) -> int:
        """The replies that nothing has asked for yet."""
        return len(self._script.replies)

    @property
    def open_bodies(self) -> int:
        """The answers whose body is neither read to its end nor closed."""
        return self._script.open_bodies

    @property
    def slept(self) -> list[float]:
        """The waits between attempts so far, in seconds."""
        return list(self._script.slept)

    def __enter__(self) -> Self:
        self._tokens.append(current.set(self._script))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        current.reset(self._tokens.pop())


def _sent(call: Call) -> Sent:
    return Sent(call.method, call.origin + call.path_with_query, list(call.headers), call.body or b"")
