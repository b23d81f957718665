"""The adapter against exchanges written after Ollama's documentation, through the same methods that the host calls."""

import json
from pathlib import Path
from typing import Any

import pytest
from caisson import AdapterError, ChatAnswer, ChatRequest, Context, Event, Message
from caisson.testing import Reply, Sent, Upstream, collect, context

from ollama_adapter import Ollama

FIXTURES = Path(__file__).parents[1] / "fixtures"


def fixture(name: str) -> str:
    return (FIXTURES / name).read_text(encoding="utf-8")


def request(**fields: Any) -> ChatRequest:
    """A request of one user message, but for these fields."""
    return ChatRequest(**{"model": "qwen3:8b", "messages": [Message.user("Ahoy?")], **fields})


def ask(*messages: Message, **fields: Any) -> ChatRequest:
    return request(messages=list(messages), **fields)


def exchange(asked: ChatRequest, surroundings: Context | None = None) -> Sent:
    """What the server gets to see of a request."""
    with Upstream(Reply.json(200, fixture("chat.json"))) as upstream:
        Ollama().complete(surroundings or context(), asked)
    return upstream.requests[0]


def sent(asked: ChatRequest, surroundings: Context | None = None) -> Any:
    return exchange(asked, surroundings).json()


def refused(asked: ChatRequest) -> AdapterError:
    """The error of a request that never reaches the server."""
    with Upstream() as upstream, pytest.raises(AdapterError) as raised:
        Ollama().complete(context(), asked)
    assert not upstream.requests
    return raised.value


def answer_to(reply: Reply) -> ChatAnswer:
    with Upstream(reply) as upstream:
        answer = Ollama().complete(context(), request())
    assert upstream.open_bodies == 0
    return answer


def refusal(reply: Reply) -> AdapterError:
    with pytest.raises(AdapterError) as raised:
        answer_to(reply)
    return raised.value


def stream(reply: Reply) -> list[Event]:
    with Upstream(reply) as upstream:
        events = collect(Ollama().stream(context(), request()))
    assert upstream.requests[0].json()["stream"] is True
    assert upstream.open_bodies == 0
    return events


def lines(*objects: Any) -> str:
    """A stream of these lines."""
    return "".join(f"{json.dumps(each)}\n" for each in objects)
