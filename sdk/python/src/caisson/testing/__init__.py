"""Test an adapter natively, without Wasm and without a network, against recorded exchanges.

    with Upstream(Reply.json(200, {"answer": 42})) as upstream:
        answer = Parrot().complete(context(), request)
    assert upstream.requests[0].json()["q"] == "?"

Nothing sleeps: waits are recorded, and are the longest they could be. The host's part is not imitated: no
grants, no credentials, no checks of the answer.
"""

from collections.abc import AsyncIterable, Iterable, Sequence

from caisson import awaited
from caisson.adapter import Step
from caisson.api import Context, Event, TextDelta
from caisson.testing.reply import Reply
from caisson.testing.upstream import Sent, Upstream

__all__ = ["Reply", "Sent", "Upstream", "collect", "context"]


def context(**settings: str) -> Context:
    """A context as the host would give it to a deployment with these settings; `_` in a name means `-`."""
    named = {name.replace("_", "-"): value for name, value in settings.items()}
    return Context(request_id="req-test", settings=named, timeout_ms=60_000)


def collect(stream: Iterable[Step] | AsyncIterable[Step]) -> list[Event]:
    """All events of a stream, one by one, strings as the text they stand for."""
    events: list[Event] = []
    for step in awaited.steps(stream):
        together: Sequence[Event | str] = step if isinstance(step, Sequence) and not isinstance(step, str) else [step]
        events += [TextDelta(each) if isinstance(each, str) else each for each in together]
    return events
