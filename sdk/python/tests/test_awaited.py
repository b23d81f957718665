"""Adapters written with `async def`, and what of it there is no loop for."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from caisson import Adapter, AdapterInfo, ChatAnswer, ChatRequest, Context, EmbedRequest, TextDelta, awaited, http
from caisson.testing import Reply, Upstream, collect, context

REQUEST = ChatRequest("m", [])


class Waiting(Adapter):
    closed = False

    def describe(self) -> AdapterInfo:
        return AdapterInfo("waiting", "0")

    async def complete(self, context: Context, request: ChatRequest) -> ChatAnswer:
        await asyncio.sleep(0)
        return ChatAnswer.of_text(http.get("https://a.example/").text())

    async def stream(self, context: Context, request: ChatRequest) -> AsyncIterator[str]:
        try:
            for event in http.get("https://a.example/").sse():
                yield event.data
        finally:
            Waiting.closed = True

    async def embed(self, context: Context, request: EmbedRequest) -> list[list[float]]:
        await asyncio.sleep(1)
        return []


def test_a_coroutine_runs_to_its_end_with_what_waits_in_it() -> None:
    with Upstream(Reply.text(200, "ahoy")):
        answer = awaited.value(Waiting().complete(context(), REQUEST))
    assert answer == ChatAnswer.of_text("ahoy")


def test_an_asynchronous_generator_is_a_stream() -> None:
    with Upstream(Reply.sse(b"data: a\n\ndata: b\n\n")):
        assert collect(Waiting().stream(context(), REQUEST)) == [TextDelta("a"), TextDelta("b")]


def test_one_that_is_left_is_closed_where_it_stands() -> None:
    Waiting.closed = False
    with Upstream(Reply.sse(b"data: a\n\ndata: b\n\n")) as upstream:
        steps = awaited.steps(Waiting().stream(context(), REQUEST))
        assert next(steps) == "a"
        steps.close()  # type: ignore[attr-defined]
        assert Waiting.closed
        assert upstream.open_bodies == 0


def test_what_only_a_loop_brings_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="event loop"):
        awaited.value(Waiting().embed(context(), EmbedRequest("m", ["a"])))
