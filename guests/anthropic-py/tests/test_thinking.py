"""`reasoning_effort` by generation of model, and what thinking does to other fields."""

from typing import Any

import pytest
from caisson import ChatRequest, Message, Reasoning, Role, Tool, ToolCall
from exchange import ask, request, sent


def effort(model: str, level: str, **fields: Any) -> ChatRequest:
    return request(model=model, reasoning_effort=level, **fields)


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-opus-4-5-20251101", "claude-3-7-sonnet-latest"])
@pytest.mark.parametrize(
    ("level", "budget"),
    [("minimal", 1024), ("low", 2048), ("medium", 8192), ("high", 16_384), ("xhigh", 32_000), ("max", 32_000)],
)
def test_models_up_to_four_and_a_half_think_within_a_budget(model: str, level: str, budget: int) -> None:
    body = sent(effort(model, level))
    assert body["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert body["max_tokens"] == budget + 4096
    assert "output_config" not in body


@pytest.mark.parametrize("model", ["claude-opus-4-6", "claude-sonnet-5", "claude-haiku-5-5", "claude-new-9"])
@pytest.mark.parametrize(("level", "told"), [("minimal", "low"), ("low", "low"), ("high", "high"), ("xhigh", "xhigh")])
def test_later_models_are_told_an_effort(model: str, level: str, told: str) -> None:
    body = sent(effort(model, level))
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert body["output_config"] == {"effort": told}


def test_no_effort_asks_for_no_thinking() -> None:
    assert "thinking" not in sent(request())
    body = sent(effort("claude-sonnet-5-5", "none", temperature=0.3))
    assert (body["thinking"], body["temperature"], body["max_tokens"]) == ({"type": "disabled"}, 0.3, 4096)
    assert "output_config" not in body


@pytest.mark.parametrize(
    ("cap", "budget"), [(20_000, 8192), (4000, 3000), (1366, 1025), (1025, 1024), (1024, None), (0, None)]
)
def test_the_budget_fits_below_the_clients_cap(cap: int, budget: int | None) -> None:
    body = sent(effort("claude-haiku-4-5", "medium", max_tokens=cap))
    assert body.get("thinking", {}).get("budget_tokens") == budget
    assert body["max_tokens"] == cap


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-opus-4-6"])
def test_thinking_fixes_the_sampling(model: str) -> None:
    body = sent(effort(model, "low", temperature=0.2, top_p=0.5))
    assert "temperature" not in body
    assert "top_p" not in body
    assert sent(effort(model, "low", top_p=0.97))["top_p"] == 0.97


def test_a_forced_tool_call_is_not_thought_about() -> None:
    fields: dict[str, Any] = {"tools": [Tool("tide")], "tool_choice": "required", "temperature": 0.2}
    body = sent(effort("claude-haiku-4-5", "high", **fields))
    assert "thinking" not in body
    assert (body["max_tokens"], body["temperature"]) == (4096, 0.2)
    later = sent(effort("claude-sonnet-4-6", "high", **fields))
    assert "thinking" not in later
    assert later["output_config"] == {"effort": "high"}


@pytest.mark.parametrize(
    ("model", "signature", "extra", "thinks"),
    [
        ("claude-haiku-4-5", None, {}, False),
        ("claude-opus-5", None, {}, True),
        ("claude-haiku-4-5", "EqQB", {}, True),
        ("claude-haiku-4-5", None, {"anthropic_content": "[]"}, True),
    ],
)
def test_a_budget_is_dropped_where_the_client_dropped_the_thinking_behind_its_calls(
    model: str, signature: str | None, extra: dict[str, str], thinks: bool
) -> None:
    calling = Message.assistant("")
    calling.reasoning = [Reasoning("Hm.", signature)]
    calling.tool_calls = [ToolCall("call_1", "tide")]
    calling.extra = extra
    result = Message(Role.TOOL, "06:12", tool_call_id="call_1")
    asked = ask(Message.user("Tide?"), calling, result, model=model, reasoning_effort="low")
    assert ("thinking" in sent(asked)) is thinks


def test_the_clients_own_thinking_wins() -> None:
    def own(thinking: str) -> Any:
        return sent(effort("claude-haiku-4-5", "high", temperature=0.2, extra={"thinking": thinking}))

    body = own('{"type":"enabled","budget_tokens":5000}')
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 5000}
    assert body["max_tokens"] == 9096
    assert "temperature" not in body
    assert "output_config" not in body
    assert own('{"type":"disabled"}')["temperature"] == 0.2
    adaptive = own('{"type":"adaptive"}')
    assert (adaptive["thinking"], adaptive["output_config"]) == ({"type": "adaptive"}, {"effort": "high"})


def test_the_clients_own_effort_wins() -> None:
    body = sent(effort("claude-opus-5-5", "low", extra={"output_config": '{"effort":"max"}'}))
    assert body["output_config"] == {"effort": "max"}
