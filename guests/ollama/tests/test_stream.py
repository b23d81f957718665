"""Streams in: every line, however the bytes are split, and every way to end."""

import json
from collections import deque
from typing import Any

import pytest
from caisson import (
    AdapterError,
    ErrorKind,
    Event,
    Finish,
    LogprobsDelta,
    OtherDelta,
    ReasoningDelta,
    StreamStart,
    TextDelta,
    TokenLogprob,
    ToolDelta,
    Usage,
)
from caisson.testing import Reply, Upstream, context
from exchange import fixture, lines, request, stream

from ollama_adapter import Ollama

DONE = {"done": True, "done_reason": "stop"}


def said(content: str, **fields: Any) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": content}, "done": False, **fields}


def failure(reply: Reply) -> tuple[list[Event], AdapterError]:
    """What a stream said before it failed, and how it failed."""
    heard: list[Event] = []
    with Upstream(reply) as upstream:
        steps = iter(Ollama().stream(context(), request()))
        with pytest.raises(AdapterError) as raised:
            deque(map(heard.extend, steps))
    assert upstream.open_bodies == 0
    return heard, raised.value


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_thinking_and_text_stream_with_their_counts(size: int) -> None:
    events = stream(Reply.ndjson(fixture("stream.ndjson")).chunk_size(size))
    assert events[:-1] == [
        StreamStart(model="qwen3:8b"),
        ReasoningDelta("A "),
        ReasoningDelta("greeting."),
        TextDelta("Ahoy"),
        TextDelta(', ⚓ "mate"'),
        Finish(),
    ]
    usage = events[-1]
    assert isinstance(usage, Usage)
    assert (usage.input, usage.output, usage.total, usage.extra["eval_duration"]) == (21, 9, 30, "250901375")


def test_calls_of_several_lines_are_counted_through() -> None:
    events = stream(Reply.ndjson(fixture("stream_tools.ndjson")))
    assert events[1:-1] == [
        TextDelta("Looking."),
        ToolDelta(0, '{"port":"Brest"}', id="call_k3v8x1qa", name="tide"),
        ToolDelta(1, "{}", id="call_p0m2z7we", name="now"),
        Finish("tool_calls"),
    ]


def test_log_probabilities_follow_their_text() -> None:
    tokens = [{"token": "Ahoy", "logprob": -0.25}]
    assert stream(Reply.ndjson(lines(said("Ahoy", logprobs=tokens), DONE)))[1:] == [
        TextDelta("Ahoy"),
        LogprobsDelta([TokenLogprob("Ahoy", -0.25)]),
        Finish(),
    ]


def test_a_stream_cut_short_by_its_cap_says_so() -> None:
    assert stream(Reply.ndjson(lines(said("Aho"), {"done": True, "done_reason": "length"})))[-1] == Finish("length")


def test_what_has_no_event_is_kept() -> None:
    painted = {"message": {"content": "", "images": ["iVBORw0K"]}, "remote_model": "flux"}
    assert stream(Reply.ndjson(lines(painted, DONE)))[:2] == [
        StreamStart(extra={"remote_model": '"flux"'}),
        OtherDelta({"images": '["iVBORw0K"]'}),
    ]


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_an_error_in_the_stream_comes_after_what_was_said(size: int) -> None:
    heard, error = failure(Reply.ndjson(fixture("stream_failed.ndjson")).chunk_size(size))
    assert heard[-1] == TextDelta("Half a")
    assert (error.kind, error.status) == (ErrorKind.UPSTREAM, None)
    assert error.message == "an error was encountered while running the model: unexpected EOF"


def test_an_error_before_the_first_word_yields_nothing() -> None:
    steps: list[Any] = []
    with Upstream(Reply.ndjson('{"error":"no such runner"}\n')), pytest.raises(AdapterError, match="no such runner"):
        deque(map(steps.append, Ollama().stream(context(), request())))
    assert steps == []


@pytest.mark.parametrize("text", ["", fixture("stream.ndjson").rpartition('{"model"')[0]])
def test_a_stream_that_breaks_off_is_an_error(text: str) -> None:
    for reply in (Reply.ndjson(text), Reply.ndjson(text).breaks_off()):
        assert failure(reply)[1].kind is ErrorKind.UPSTREAM


def test_nothing_is_read_after_the_last_line() -> None:
    assert stream(Reply.ndjson(lines(said("Ahoy"), DONE, {"error": "late"}, "x")))[-1] == Finish()


def test_the_last_line_may_lack_its_end() -> None:
    assert stream(Reply.ndjson(lines(said("Ahoy")) + json.dumps(DONE)))[-1] == Finish()


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        '{"message":7}',
        '{"message":{"content":[]}}',
        '{"message":{"tool_calls":[{}]}}',
        '{"error":{"message":7}}',
        '{"error":[]}',
        '{"done":"yes"}',
        '{"a":' * 100_000,
        "{" + " " * (17 << 20),
    ],
)
def test_a_broken_line_is_the_servers_fault(line: str) -> None:
    assert failure(Reply.ndjson(f"{line}\n"))[1].kind is ErrorKind.UPSTREAM


def test_a_refusal_before_the_stream_keeps_its_status() -> None:
    heard, error = failure(Reply.json(404, {"error": "model 'qwen9' not found"}))
    assert (heard, error.status, error.kind) == ([], 404, ErrorKind.NOT_FOUND)


def test_a_stream_that_is_abandoned_closes_the_exchange() -> None:
    with Upstream(Reply.ndjson(fixture("stream.ndjson")).split_at_every_byte()) as upstream:
        steps = iter(Ollama().stream(context(), request()))
        next(steps)
        assert upstream.open_bodies == 1
        del steps
        assert upstream.open_bodies == 0
