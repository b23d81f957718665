"""The component in the real runtime, between the official OpenAI client and an upstream that speaks Anthropic's
documented wire."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from exchange import fixture
from runtime import Runtime, text_of
from upstream import FakeUpstream, Piece, answer, nobody, streamed

MODEL = "anthropic/claude-sonnet-5-5"
PATH = "/v1/messages"
BEGINNING = fixture("stream_text.sse").partition("event: weather_report")[0]


@pytest.fixture(scope="module")
def provider(runtime: Runtime, component: Path) -> Iterator[FakeUpstream]:
    upstream = FakeUpstream({PATH: answer(fixture("message.json"))})
    key = runtime.folder / "key"
    key.write_text("sk-ant-a-key-for-tests")
    runtime.push(
        component,
        "anthropic",
        *("--allow-host", upstream.url),
        *("--set", f"base-url={upstream.url}"),
        *("--credential", f"api-key=file:{key}"),
    )
    yield upstream
    upstream.close()


@pytest.fixture
def client(runtime: Runtime) -> openai.OpenAI:
    return openai.OpenAI(base_url=runtime.base_url, api_key="none", max_retries=0)


def play(provider: FakeUpstream, pieces: list[Piece]) -> None:
    provider.plays[PATH] = pieces


def test_a_plain_answer_comes_through_and_the_host_adds_the_key(provider: FakeUpstream, client: openai.OpenAI) -> None:
    play(provider, answer(fixture("message.json")))
    made = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Ahoy?"}])
    assert made.choices[0].message.content == "Grüß Gott, harbour!"
    assert made.usage is not None
    assert (made.usage.prompt_tokens, made.usage.completion_tokens) == (4312, 9)
    sent = provider.received[-1]
    assert (sent.headers["x-api-key"], sent.headers["anthropic-version"]) == ("sk-ant-a-key-for-tests", "2023-06-01")
    assert json.loads(sent.body)["messages"] == [{"role": "user", "content": "Ahoy?"}]


def test_a_tool_call_comes_through_whole_and_streamed(provider: FakeUpstream, client: openai.OpenAI) -> None:
    play(provider, answer(fixture("message_tools.json")))
    made = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Ahoy?"}])
    calls = made.choices[0].message.tool_calls or []
    assert made.choices[0].finish_reason == "tool_calls"
    assert [call.id for call in calls] == ["toolu_01A", "toolu_01B"]
    play(provider, streamed([fixture("stream_tools.sse")]))
    chunks = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "Ahoy?"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    deltas = list(chunks)
    pieces = [call for chunk in deltas for choice in chunk.choices for call in choice.delta.tool_calls or []]
    arguments = ["", ""]
    for piece in pieces:
        arguments[piece.index] += (piece.function and piece.function.arguments) or ""
    assert arguments == ['{"port": "Brest"}', "{}"]
    assert deltas[-1].usage is not None
    assert deltas[-1].usage.total_tokens == 111


@pytest.mark.parametrize("size", [1, 3, 64])
def test_a_stream_cut_anywhere_gives_the_same_text(runtime: Runtime, provider: FakeUpstream, size: int) -> None:
    data = fixture("stream_text.sse").encode()
    play(provider, streamed([data[start : start + size] for start in range(0, len(data), size)]))
    assert text_of(runtime.stream(MODEL)) == 'Ahoy, ⚓ "mate"'


def test_chunks_arrive_as_they_are_sent(runtime: Runtime, provider: FakeUpstream) -> None:
    head, _, tail = fixture("stream_text.sse").partition(
        'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":", '
    )
    rest = fixture("stream_text.sse")[len(head) :]
    play(provider, streamed([head, 0.5, rest[:40], 0.5, rest[40:]]))
    moments = {
        choice["delta"]["content"]: moment
        for moment, chunk in runtime.stream(MODEL)
        for choice in chunk["choices"]
        if choice["delta"].get("content")
    }
    assert tail
    assert moments[', ⚓ "mate"'] - moments["Ahoy"] > 0.8


@pytest.mark.parametrize(("status", "kind"), [(429, "rate_limit_error"), (529, "overloaded_error")])
def test_a_refusal_keeps_status_words_and_wait(
    runtime: Runtime, provider: FakeUpstream, status: int, kind: str
) -> None:
    body = {"type": "error", "error": {"type": kind, "message": "Later"}, "request_id": "req_7"}
    play(provider, answer(json.dumps(body), status, retry_after="3"))
    for fields in ({}, {"stream": True}):
        reply = runtime.ask(MODEL, **fields)
        assert (reply.status, reply.headers["retry-after"]) == (status, "3")
        assert reply.body["error"]["message"] == "Later (request req_7)"


def test_an_error_within_a_stream_ends_it_as_an_event(runtime: Runtime, provider: FakeUpstream) -> None:
    for pieces, said in (
        (streamed([fixture("stream_overloaded.sse")]), "Overloaded (request req_011CSH)"),
        (streamed([BEGINNING]), "the stream broke off before its end"),
        (streamed([BEGINNING])[:-1], "broke off"),
    ):
        play(provider, pieces)
        chunks = [chunk for _, chunk in runtime.stream(MODEL)]
        assert said in chunks[-1]["error"]["message"]


def test_a_refused_connection_is_an_upstream_error(runtime: Runtime, component: Path, provider: FakeUpstream) -> None:
    url = nobody()
    runtime.push(
        component,
        "nowhere",
        *("--allow-host", url, "--set", f"base-url={url}"),
        *("--credential", f"api-key=file:{runtime.folder / 'key'}"),
    )
    reply = runtime.ask("nowhere/claude-sonnet-5-5")
    assert reply.status == 502
    assert "connection refused" in reply.body["error"]["message"]


def test_a_client_that_leaves_closes_the_exchange(runtime: Runtime, provider: FakeUpstream) -> None:
    more = 'data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"more"}}\n\n'
    pauses_and_pieces: list[str | float] = [0.05, more] * 100
    before = provider.closed_early
    play(provider, streamed([BEGINNING, *pauses_and_pieces]))
    chunks = runtime.stream(MODEL)
    next(chunks)
    del chunks
    deadline = time.monotonic() + 4
    while provider.closed_early == before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert provider.closed_early == before + 1
