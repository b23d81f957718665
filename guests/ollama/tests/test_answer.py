"""Whole answers in: content, thinking, calls, reasons, counts, refusals, and answers of every wrong shape."""

import contextlib
import json
from typing import Any

import pytest
from caisson import (
    AdapterError,
    ChatAnswer,
    ErrorKind,
    Reasoning,
    TokenLogprob,
    ToolCall,
    TopLogprob,
    Usage,
)
from caisson.testing import Reply, Upstream, context
from exchange import answer_to, fixture, refusal, request

from ollama_adapter import Ollama


def answer_with(**fields: Any) -> ChatAnswer:
    """The answer to a body that differs from the plain one in these fields."""
    return answer_to(Reply.json(200, {**json.loads(fixture("chat.json")), **fields}))


def test_a_plain_answer_is_read_whole() -> None:
    answer = answer_to(Reply.json(200, fixture("chat.json")))
    assert (answer.id, answer.model, answer.extra) == (None, "qwen3:8b", {})
    [choice] = answer.choices
    assert (choice.message.content, choice.message.reasoning) == ("Grüß Gott, harbour!", [Reasoning("A greeting.")])
    assert (choice.finish_reason, choice.message.extra) == ("stop", {})
    assert answer.usage == Usage(
        21,
        34,
        55,
        extra={
            "total_duration": "1904218375",
            "load_duration": "61204417",
            "prompt_eval_duration": "93812083",
            "eval_duration": "1748102916",
        },
    )


def test_calls_have_their_arguments_as_text_and_the_reason_of_calls() -> None:
    [choice] = answer_to(Reply.json(200, fixture("chat_tools.json"))).choices
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert choice.message.tool_calls == [
        ToolCall("call_k3v8x1qa", "tide", '{"port":"Brest","days":2}'),
        ToolCall("", "now", "{}"),
    ]


@pytest.mark.parametrize(
    ("reason", "expected"), [("stop", "stop"), ("length", "length"), (None, "stop"), (7, "stop"), ("load", "load")]
)
def test_every_reason_has_its_word(reason: Any, expected: str) -> None:
    assert answer_with(done_reason=reason).choices[0].finish_reason == expected


def test_counts_that_are_absent_or_absurd_do_no_harm() -> None:
    assert answer_with(prompt_eval_count=None, eval_count=None).usage is None
    usage = answer_with(prompt_eval_count=2**64, eval_count=9).usage
    assert usage is not None
    assert (usage.input, usage.output, usage.total) == (2**32 - 1, 9, 2**32 - 1)


def test_fields_without_a_name_in_the_contract_are_kept() -> None:
    answer = answer_with(
        remote_model="qwen3:480b", message={"role": "assistant", "content": "", "images": ["iVBORw0K"], "audio": None}
    )
    assert answer.extra == {"remote_model": '"qwen3:480b"'}
    assert answer.choices[0].message.content is None
    assert answer.choices[0].message.extra == {"images": '["iVBORw0K"]'}


def test_log_probabilities_are_read_and_what_is_none_passed_over() -> None:
    tokens = [
        {
            "token": "Grü",
            "logprob": -0.5,
            "bytes": [71, 114, 195, 188],
            "top_logprobs": [{"token": "a", "logprob": -1}],
        },
        {"token": "x", "logprob": 10**400},
        {"token": "y", "logprob": "low"},
        {"token": "z", "logprob": -2.0, "bytes": [256]},
    ]
    assert answer_with(logprobs=tokens).choices[0].logprobs == [
        TokenLogprob("Grü", -0.5, "Grü".encode(), [TopLogprob("a", -1.0)]),
        TokenLogprob("z", -2.0),
    ]


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"message":"text"}', "[" * 100_000, '{"message":[NaN]}'])
def test_an_answer_that_is_none_is_the_servers_fault(body: str) -> None:
    assert refusal(Reply.json(200, body)).kind is ErrorKind.UPSTREAM


@pytest.mark.parametrize(
    "message",
    [
        {"content": 7},
        {"thinking": []},
        {"tool_calls": {}},
        {"tool_calls": ["x"]},
        {"tool_calls": [{"function": {"arguments": {}}}]},
    ],
)
def test_a_message_of_another_shape_is_the_servers_fault(message: Any) -> None:
    error = refusal(Reply.json(200, {"message": message, "done": True}))
    assert error.kind is ErrorKind.UPSTREAM
    assert "could not be read" in error.message


@pytest.mark.parametrize("field", ["model", "message", "done_reason", "prompt_eval_count", "logprobs", "error"])
@pytest.mark.parametrize("value", [None, True, 7, 1.5, "text", [], [1], {}, {"a": {"b": []}}])
def test_no_shape_of_any_field_breaks_the_adapter(field: str, value: Any) -> None:
    with contextlib.suppress(AdapterError):
        answer_with(**{field: value})


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (400, "invalid character 'x' looking for beginning of value", ErrorKind.INVALID_REQUEST),
        (400, '"llama3.2" does not support thinking', ErrorKind.UNSUPPORTED),
        (400, "the input length exceeds the context length", ErrorKind.CONTEXT_LENGTH),
        (401, "unauthorized", ErrorKind.AUTHENTICATION),
        (404, "model 'qwen9' not found", ErrorKind.NOT_FOUND),
        (429, "you have reached your hourly usage limit", ErrorKind.RATE_LIMITED),
        (500, "model requires more system memory than is available", ErrorKind.UPSTREAM),
        (503, "server busy, please try again.", ErrorKind.UPSTREAM),
    ],
)
def test_a_refusal_keeps_status_and_words(status: int, words: str, kind: ErrorKind) -> None:
    error = refusal(Reply.json(status, {"error": words}).header("retry-after", "3"))
    assert (error.status, error.message, error.kind, error.retry_after_ms) == (status, words, kind, 3000)


def test_an_error_of_status_200_is_an_error() -> None:
    error = refusal(Reply.json(200, {"error": "unexpected EOF"}))
    assert (error.kind, error.status, error.message) == (ErrorKind.UPSTREAM, None, "unexpected EOF")


def test_nobody_there_is_an_upstream_error() -> None:
    assert refusal(Reply.connection_refused()).kind is ErrorKind.UPSTREAM


def test_a_failed_request_is_sent_again_only_if_the_operator_says_so() -> None:
    replies = [Reply.json(503, {"error": "server busy"}), Reply.json(200, fixture("chat.json"))]
    with Upstream(*replies) as upstream, pytest.raises(AdapterError):
        Ollama().complete(context(), request())
    assert len(upstream.requests) == 1
    with Upstream(*replies) as upstream:
        Ollama().complete(context(max_retries="2"), request())
    assert (len(upstream.requests), upstream.open_bodies) == (2, 0)
