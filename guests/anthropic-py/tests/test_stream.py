"""Streams in: every event, however the bytes are split, and every way to end."""

import json
from collections import deque
from typing import Any

import pytest
from caisson import (
    AdapterError,
    ErrorKind,
    Event,
    Finish,
    OtherDelta,
    ReasoningDelta,
    StreamStart,
    TextDelta,
    ToolDelta,
    Usage,
)
from caisson.testing import Reply, Upstream, context
from exchange import fixture, request, sse, stream

from anthropic_adapter import Anthropic

STOP = {"type": "message_stop"}


def start(index: int, block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def call(**fields: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": "a", "name": "b", "input": {}, **fields}


def failure(reply: Reply) -> tuple[list[Event], AdapterError]:
    """What a stream said before it failed, and how it failed."""
    said: list[Event] = []
    with Upstream(reply):
        steps = iter(Anthropic().stream(context(), request()))
        with pytest.raises(AdapterError) as raised:
            deque(map(said.extend, steps))
    return said, raised.value


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_text_streams_with_its_counts(size: int) -> None:
    assert stream(Reply.sse(fixture("stream_text.sse")).chunk_size(size)) == [
        StreamStart("msg_01S", "claude-sonnet-5-5", "priority"),
        TextDelta("Ahoy"),
        TextDelta(', ⚓ "mate"'),
        OtherDelta({"stop_sequence": '"mate\\""', "stop_reason": '"stop_sequence"'}),
        Finish(),
        Usage(125, 15, 140, cached_input=100, cache_write_input=0, reasoning_output=0),
    ]


def test_thinking_and_calls_stream_in_order() -> None:
    assert stream(Reply.sse(fixture("stream_tools.sse")))[1:] == [
        ReasoningDelta("Two "),
        ReasoningDelta("calls."),
        ReasoningDelta("", "EqQBCgIYAhIM"),
        ReasoningDelta("", "EmwKAhgBEgy3", redacted=True),
        ToolDelta(0, id="toolu_01A", name="tide"),
        ToolDelta(0, '{"port": "Br'),
        ToolDelta(0, 'est"}'),
        ToolDelta(1, id="toolu_01B", name="now"),
        ToolDelta(1, "{}"),
        Finish("tool_calls"),
        Usage(50, 61, 111),
    ]


def test_thinking_whose_text_is_left_out_is_not_taken_for_redacted() -> None:
    def thinking(text: str) -> dict[str, str]:
        return {"type": "thinking", "thinking": text, "signature": ""}

    signatures = [delta(index, "signature_delta", signature=name) for index, name in enumerate("ab")]
    events = stream(
        Reply.sse(sse(start(0, thinking("aloud")), signatures[0], start(1, thinking("")), signatures[1], STOP))
    )
    assert events[:3] == [ReasoningDelta("aloud"), ReasoningDelta("", "a"), ReasoningDelta("", "b")]


def test_a_call_that_code_made_says_so() -> None:
    caller = {"type": "code_execution_20260120", "tool_id": "srvtoolu_9"}
    told = {"caller": '{"type":"code_execution_20260120","tool_id":"srvtoolu_9"}'}
    # The call says it all, so the list of blocks is not kept a second time.
    assert stream(Reply.sse(sse(start(0, call(caller=caller)), STOP))) == [
        ToolDelta(0, id="a", name="b", extra=told),
        ToolDelta(0, "{}"),
        Finish(),
    ]


def test_arguments_that_come_with_the_start_of_a_call_are_not_lost() -> None:
    ended = {"type": "content_block_stop", "index": 0}
    events = stream(Reply.sse(sse(start(0, call(input={"c": 1})), ended, STOP)))
    assert events[:2] == [ToolDelta(0, id="a", name="b"), ToolDelta(0, '{"c":1}')]


def test_a_call_that_is_never_closed_has_its_arguments_all_the_same() -> None:
    foreign = delta(7, "input_json_delta", partial_json="[]")
    assert stream(Reply.sse(sse(start(0, call()), start(1, call()), foreign, STOP))) == [
        ToolDelta(0, id="a", name="b"),
        ToolDelta(0, "{}"),
        ToolDelta(1, id="a", name="b"),
        ToolDelta(1, "{}"),
        Finish(),
    ]


def test_a_long_answer_is_not_kept_a_second_time() -> None:
    long = "x" * (3 << 20)
    more = delta(1, "text_delta", text=long)
    text = start(1, {"type": "text", "text": ""})
    events = stream(Reply.sse(sse(start(0, {"type": "hologram"}), text, more, more, STOP)))
    assert events == [TextDelta(long), TextDelta(long), Finish()]


def test_server_tools_and_citations_are_kept_whole_at_the_end() -> None:
    _, first, second, container, kept, finished, usage = stream(Reply.sse(fixture("stream_search.sse")))
    assert [first, second] == [TextDelta("High water "), TextDelta("is at 06:12.")]
    assert container == OtherDelta({"container": '{"id":"container_7","expires_at":"2026-11-22T17:00:00Z"}'})
    assert isinstance(kept, OtherDelta)
    blocks = json.loads(kept.extra["anthropic_content"])
    assert blocks[0]["input"]["query"] == "tide brest"
    assert blocks[1]["type"] == "web_search_tool_result"
    assert blocks[2]["text"] == "High water is at 06:12."
    assert blocks[2]["citations"][0]["cited_text"] == "06:12"
    assert finished == Finish()
    assert usage == Usage(30, 40, 70, extra={"server_tool_use": '{"web_search_requests":1}'})


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_an_error_in_the_stream_comes_after_what_was_said(size: int) -> None:
    said, error = failure(Reply.sse(fixture("stream_overloaded.sse")).chunk_size(size))
    assert said[-1] == TextDelta("Half a")
    assert (error.kind, error.status, error.code) == (ErrorKind.UPSTREAM, 529, "overloaded_error")
    assert error.message == "Overloaded (request req_011CSH)"


@pytest.mark.parametrize("text", [fixture("stream_text.sse").partition("event: message_stop")[0], ""])
def test_a_stream_that_breaks_off_is_an_error(text: str) -> None:
    for reply in (Reply.sse(text), Reply.sse(text).breaks_off()):
        assert failure(reply)[1].kind is ErrorKind.UPSTREAM


def test_nothing_is_read_after_the_stop() -> None:
    noise = fixture("stream_text.sse") + 'data: {"type":"error","error":{"type":"api_error"}}\n\n'
    assert stream(Reply.sse(noise))[-2] == Finish()


@pytest.mark.parametrize(
    "data",
    [
        "not json",
        "[]",
        "{}",
        '{"type":7}',
        '{"type":"content_block_delta","index":"0"}',
        '{"type":"content_block_delta","index":0,"delta":[]}',
        '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":7}}',
        '{"type":"message_start","message":"x"}',
        '{"type":"message_delta","usage":7}',
        '{"type":"error"}',
        '{"a":' * 100_000,
    ],
)
def test_a_broken_event_is_the_providers_fault(data: str) -> None:
    assert failure(Reply.sse(f"data: {data}\n\n"))[1].kind is ErrorKind.UPSTREAM


def test_a_stop_without_a_reason_still_finishes() -> None:
    assert stream(Reply.sse(sse(STOP))) == [Finish()]


def test_a_refusal_before_the_first_event_is_an_error_of_the_call() -> None:
    body = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    said, error = failure(Reply.json(529, body))
    assert (said, error.status) == ([], 529)


def test_a_stream_that_is_abandoned_closes_the_exchange() -> None:
    with Upstream(Reply.sse(fixture("stream_text.sse")).split_at_every_byte()) as upstream:
        steps = iter(Anthropic().stream(context(), request()))
        next(steps)
        next(steps)
        assert upstream.open_bodies == 1
        del steps
        assert upstream.open_bodies == 0
