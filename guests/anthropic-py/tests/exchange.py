"""The adapter against recorded exchanges, through the same methods that the host calls. The exchanges are those of
the Rust adapter: what one makes of them the other must."""

import json
from pathlib import Path
from typing import Any

import pytest
from caisson import AdapterError, ChatAnswer, ChatRequest, Context, Event, Message
from caisson.testing import Reply, Sent, Upstream, collect, context

from anthropic_adapter import Anthropic

FIXTURES = Path(__file__).parents[2] / "anthropic/fixtures"


def fixture(name: str) -> str:
    return (FIXTURES / name).read_text(encoding="utf-8")


def request(**fields: Any) -> ChatRequest:
    """A request of one user message, but for these fields."""
    return ChatRequest(**{"model": "claude-sonnet-5-5", "messages": [Message.user("Ahoy?")], **fields})


def ask(*messages: Message, **fields: Any) -> ChatRequest:
    return request(messages=list(messages), **fields)


def exchange(asked: ChatRequest, surroundings: Context | None = None) -> Sent:
    """What the provider gets to see of a request."""
    with Upstream(Reply.json(200, fixture("message.json"))) as upstream:
        Anthropic().complete(surroundings or context(), asked)
    return upstream.requests[0]


def sent(asked: ChatRequest) -> Any:
    return exchange(asked).json()


def refused(asked: ChatRequest) -> AdapterError:
    """The error of a request that never reaches the provider."""
    with Upstream() as upstream, pytest.raises(AdapterError) as raised:
        Anthropic().complete(context(), asked)
    assert not upstream.requests
    return raised.value


def answer_to(reply: Reply) -> ChatAnswer:
    with Upstream(reply) as upstream:
        answer = Anthropic().complete(context(), request())
    assert upstream.open_bodies == 0
    return answer


def refusal(reply: Reply) -> AdapterError:
    with pytest.raises(AdapterError) as raised:
        answer_to(reply)
    return raised.value


def stream(reply: Reply) -> list[Event]:
    with Upstream(reply) as upstream:
        events = collect(Anthropic().stream(context(), request()))
    assert upstream.requests[0].json()["stream"] is True
    assert upstream.open_bodies == 0
    return events


def sse(*events: dict[str, Any]) -> str:
    """Events of these data."""
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events)
