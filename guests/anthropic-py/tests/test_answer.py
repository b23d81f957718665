"""Whole answers in: content, reasons, counts, and what has no name in the contract."""

import contextlib
import json
from typing import Any

import pytest
from caisson import AdapterError, ChatAnswer, ErrorKind, Message, Reasoning, ToolCall, Usage
from caisson.testing import Reply
from exchange import answer_to, ask, fixture, refusal, sent


def answer_with(field: str, value: Any) -> ChatAnswer:
    """The answer to a message that differs from the plain one in this field."""
    return answer_to(Reply.json(200, {**json.loads(fixture("message.json")), field: value}))


def kept(message: Message) -> Any:
    return json.loads(message.extra["anthropic_content"])


def test_a_plain_answer_is_read_whole() -> None:
    answer = answer_to(Reply.json(200, fixture("message.json")))
    assert (answer.id, answer.model, answer.service_tier) == ("msg_01Cq7", "claude-sonnet-5-5", "default")
    assert answer.extra == {}
    [choice] = answer.choices
    assert choice.message == Message.assistant("Grüß Gott, harbour!")
    assert (choice.finish_reason, choice.extra) == ("stop", {})


def test_cached_tokens_count_as_input() -> None:
    assert answer_to(Reply.json(200, fixture("message.json"))).usage == Usage(
        input=12 + 300 + 4000,
        output=9,
        total=12 + 300 + 4000 + 9,
        cached_input=4000,
        cache_write_input=300,
        reasoning_output=4,
        extra={
            "cache_creation": '{"ephemeral_5m_input_tokens":300,"ephemeral_1h_input_tokens":0}',
            "inference_geo": '"eu"',
        },
    )


def test_absurd_counts_do_not_overflow() -> None:
    usage = answer_with("usage", {"input_tokens": 2**64 - 1, "cache_read_input_tokens": 9, "output_tokens": -3}).usage
    assert usage == Usage(2**32 - 1, 0, 2**32 - 1, cached_input=9)
    assert answer_with("usage", {"input_tokens": 1.5, "output_tokens": True}).usage == Usage()
    assert answer_with("usage", [7]).usage is None


def test_thinking_and_tool_calls_have_their_places() -> None:
    [choice] = answer_to(Reply.json(200, fixture("message_tools.json"))).choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content == "I will look both up."
    assert choice.message.reasoning == [
        Reasoning("Two ports, two calls.", "EqQBCgIYAhIM"),
        Reasoning("", "EmwKAhgBEgy3", redacted=True),
    ]
    assert choice.message.tool_calls == [
        ToolCall("toolu_01A", "tide", '{"port":"Brest","days":2}'),
        ToolCall(
            "toolu_01B", "now", "{}", extra={"caller": '{"type":"code_execution_20260120","tool_id":"srvtoolu_9"}'}
        ),
    ]
    assert choice.message.extra == {}, "everything has a place, so nothing is kept twice"


@pytest.mark.parametrize("name", ["message_tools.json", "message_search.json"])
def test_an_answer_sent_back_is_what_the_provider_wrote(name: str) -> None:
    message = answer_to(Reply.json(200, fixture(name))).choices[0].message
    body = sent(ask(Message.user("?"), message))
    assert body["messages"][1]["content"] == json.loads(fixture(name))["content"]


def test_blocks_without_a_place_are_kept_beside_the_text() -> None:
    answer = answer_to(Reply.json(200, fixture("message_search.json")))
    message = answer.choices[0].message
    assert (message.content, message.tool_calls) == ("Let me look. High water is at 06:12.", [])
    assert kept(message) == json.loads(fixture("message_search.json"))["content"]
    assert answer.extra == {"container": '{"id":"container_7","expires_at":"2026-11-22T17:00:00Z"}'}


def test_thinking_between_calls_is_kept_in_its_order() -> None:
    calls = [{"type": "tool_use", "id": name, "name": "tide", "input": {}} for name in "ab"]
    blocks = [calls[0], {"type": "thinking", "thinking": "Hm.", "signature": "Eq"}, calls[1]]
    message = answer_with("content", blocks).choices[0].message
    assert (len(message.tool_calls), kept(message)) == (2, blocks)


def test_a_lone_text_is_kept_if_it_cites() -> None:
    cited = [{"type": "text", "text": "06:12", "citations": [{"type": "page_location", "start_page_number": 1}]}]
    assert kept(answer_with("content", cited).choices[0].message) == cited
    nothing: list[Any] = [[], None]
    for none in nothing:
        message = answer_with("content", [{"type": "text", "text": "06:12", "citations": none}]).choices[0].message
        assert message == Message.assistant("06:12")


@pytest.mark.parametrize(
    "odd", [{"type": "hologram", "text": {"en": "Ahoy"}}, {"type": "text", "text": 7}, {"type": []}, {}, "x", None, [1]]
)
def test_a_block_of_an_unreadable_kind_is_kept(odd: Any) -> None:
    blocks = [odd, {"type": "text", "text": "Ahoy"}]
    message = answer_with("content", blocks).choices[0].message
    assert (message.text, kept(message)) == ("Ahoy", blocks)


@pytest.mark.parametrize(
    ("reason", "expected", "told"),
    [
        ("end_turn", "stop", False),
        ("stop_sequence", "stop", True),
        ("max_tokens", "length", False),
        ("tool_use", "tool_calls", False),
        ("refusal", "content_filter", True),
        ("model_context_window_exceeded", "length", True),
        ("pause_turn", "pause_turn", False),
        ("tide_turned", "tide_turned", False),
        (7, "stop", False),
    ],
)
def test_every_stop_reason_has_a_finish_reason(reason: Any, expected: str, told: bool) -> None:
    choice = answer_with("stop_reason", reason).choices[0]
    assert choice.finish_reason == expected
    assert choice.extra == ({"stop_reason": json.dumps(reason)} if told else {})


def test_what_stopped_the_answer_stands_beside_the_choice() -> None:
    assert answer_with("stop_sequence", "END").choices[0].extra == {"stop_sequence": '"END"'}
    assert answer_with("stop_details", {"category": "bio"}).choices[0].extra == {"stop_details": '{"category":"bio"}'}


def test_an_answer_without_text_has_no_content() -> None:
    assert answer_with("content", []).choices[0].message.content is None


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"content":"text"}', "[" * 100_000, '{"content":[NaN]}'])
def test_an_answer_that_is_no_message_is_the_providers_fault(body: str) -> None:
    assert refusal(Reply.json(200, body)).kind is ErrorKind.UPSTREAM


@pytest.mark.parametrize("field", ["id", "model", "usage", "stop_reason", "stop_sequence", "container", "content"])
@pytest.mark.parametrize("value", [None, True, 7, 1.5, "text", [], [1], {}, {"a": {"b": []}}])
def test_no_shape_of_any_field_breaks_the_adapter(field: str, value: Any) -> None:
    with contextlib.suppress(AdapterError):
        answer_with(field, value)
