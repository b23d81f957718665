"""The component in the real runtime, between the official OpenAI client and an upstream that speaks Ollama's
documented wire."""

import json
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from exchange import fixture
from runtime import Runtime, text_of
from upstream import FakeUpstream, Piece, answer, nobody, streamed

MODEL = "ollama/qwen3:8b"
CHAT = "/api/chat"


@pytest.fixture(scope="module")
def provider(runtime: Runtime, component: Path) -> Iterator[FakeUpstream]:
    upstream = FakeUpstream({"/api/embed": answer(fixture("embed.json"))})
    runtime.push(component, "ollama", "--allow-host", upstream.url, "--set", f"base-url={upstream.url}")
    yield upstream
    upstream.close()


@pytest.fixture
def client(runtime: Runtime) -> openai.OpenAI:
    return openai.OpenAI(base_url=runtime.base_url, api_key="none", max_retries=0)


def play(provider: FakeUpstream, pieces: list[Piece]) -> None:
    provider.plays[CHAT] = pieces


def ndjson(*pieces: str | bytes | float) -> list[Piece]:
    return streamed(pieces, "application/x-ndjson")


def test_a_plain_answer_comes_through_without_a_key(provider: FakeUpstream, client: openai.OpenAI) -> None:
    play(provider, answer(fixture("chat.json")))
    made = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Ahoy?"}])
    assert made.choices[0].message.content == "Grüß Gott, harbour!"
    assert made.choices[0].message.model_extra == {
        **(made.choices[0].message.model_extra or {}),
        "reasoning_content": "A greeting.",
    }
    assert made.usage is not None
    assert (made.usage.prompt_tokens, made.usage.completion_tokens) == (21, 34)
    sent = provider.received[-1]
    assert "authorization" not in sent.headers
    assert json.loads(sent.body)["messages"] == [{"role": "user", "content": "Ahoy?"}]


def test_a_tool_call_comes_through_whole_and_streamed(provider: FakeUpstream, client: openai.OpenAI) -> None:
    play(provider, answer(fixture("chat_tools.json")))
    made = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Ahoy?"}])
    calls = made.choices[0].message.tool_calls or []
    assert made.choices[0].finish_reason == "tool_calls"
    assert calls[0].id == "call_k3v8x1qa"
    assert calls[1].id, "the host makes an id where the server gives none"
    play(provider, ndjson(fixture("stream_tools.ndjson")))
    chunks = list(
        client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": "Ahoy?"}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    pieces = [call for chunk in chunks for choice in chunk.choices for call in choice.delta.tool_calls or []]
    assert [(piece.index, piece.function and piece.function.arguments) for piece in pieces] == [
        (0, '{"port":"Brest"}'),
        (1, "{}"),
    ]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 235


@pytest.mark.parametrize("size", [1, 3, 64])
def test_a_stream_cut_anywhere_gives_the_same_text(runtime: Runtime, provider: FakeUpstream, size: int) -> None:
    data = fixture("stream.ndjson").encode()
    play(provider, ndjson(*(data[start : start + size] for start in range(0, len(data), size))))
    assert text_of(runtime.stream(MODEL)) == 'Ahoy, ⚓ "mate"'


def test_chunks_arrive_as_they_are_sent(runtime: Runtime, provider: FakeUpstream) -> None:
    first, second, third, fourth, last = fixture("stream.ndjson").splitlines(keepends=True)
    play(provider, ndjson(first, second, third, 0.5, fourth[:40], 0.5, fourth[40:], last))
    moments = {
        choice["delta"]["content"]: moment
        for moment, chunk in runtime.stream(MODEL)
        for choice in chunk["choices"]
        if choice["delta"].get("content")
    }
    assert moments[', ⚓ "mate"'] - moments["Ahoy"] > 0.8


def test_vectors_come_through(provider: FakeUpstream, client: openai.OpenAI) -> None:
    made = client.embeddings.create(model="ollama/all-minilm", input=["Ahoy", "Mate"])
    assert [each.embedding for each in made.data] == [[0.0625, -0.25, 1], [0, 0.5, -0.125]]
    assert made.usage.prompt_tokens == 8


def test_a_refusal_keeps_status_and_words(runtime: Runtime, provider: FakeUpstream) -> None:
    play(provider, answer('{"error":"model \'qwen9\' not found"}', 404))
    for fields in ({}, {"stream": True}):
        reply = runtime.ask(MODEL, **fields)
        assert (reply.status, reply.body["error"]["message"]) == (404, "model 'qwen9' not found")


def test_an_error_in_the_first_line_of_a_stream_is_an_http_status(runtime: Runtime, provider: FakeUpstream) -> None:
    play(provider, ndjson('{"error":"no such runner"}\n'))
    reply = runtime.ask(MODEL, stream=True)
    assert (reply.status, reply.body["error"]["message"]) == (502, "no such runner")


def test_an_error_within_a_stream_ends_it_as_an_event(runtime: Runtime, provider: FakeUpstream) -> None:
    play(provider, ndjson(fixture("stream_failed.ndjson")))
    chunks = [chunk for _, chunk in runtime.stream(MODEL)]
    assert "unexpected EOF" in chunks[-1]["error"]["message"]


def test_a_server_that_wants_a_key_gets_it_from_the_host(
    runtime: Runtime, component: Path, provider: FakeUpstream
) -> None:
    key = runtime.folder / "key"
    key.write_text("a-key-for-tests")
    runtime.push(
        component,
        "hosted",
        *("--allow-host", provider.url, "--set", f"base-url={provider.url}"),
        *("--credential", f"api-key=file:{key}"),
    )
    play(provider, answer(fixture("chat.json")))
    assert runtime.ask("hosted/qwen3:8b").status == 200
    assert provider.received[-1].headers["authorization"] == "Bearer a-key-for-tests"


def test_nobody_there_is_an_upstream_error(runtime: Runtime, component: Path) -> None:
    url = nobody()
    runtime.push(component, "nowhere", "--allow-host", url, "--set", f"base-url={url}")
    reply = runtime.ask("nowhere/qwen3:8b")
    assert reply.status == 502
    assert "connection refused" in reply.body["error"]["message"]
