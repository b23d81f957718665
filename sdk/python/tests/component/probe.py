"""An adapter that misbehaves in the way that the model's name says, for tests of the component's walls. It
speaks no provider's format."""

import gc
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

from caisson import (
    Adapter,
    AdapterError,
    AdapterInfo,
    Answer,
    ChatAnswer,
    ChatRequest,
    Choice,
    Context,
    EmbedRequest,
    EmbedResponse,
    Message,
    Step,
    ToolCall,
    Usage,
    host,
    http,
    json,
    log,
)

HOST = "https://probe.example"


class Probe(Adapter):
    def describe(self) -> AdapterInfo:
        return AdapterInfo("probe", "0.1.0", hosts=[HOST])

    def complete(self, context: Context, request: ChatRequest) -> Answer:
        behaviour = getattr(self, "answer_" + request.model.replace("-", "_"))
        return cast(Answer, behaviour(f"{context.base_url_or(HOST)}/{request.model}", request))

    def stream(self, context: Context, request: ChatRequest) -> Iterator[Step]:
        behaviour = getattr(self, "stream_" + request.model.replace("-", "_"))
        return cast(Iterator[Step], behaviour(f"{context.base_url_or(HOST)}/{request.model}"))

    def embed(self, context: Context, request: EmbedRequest) -> EmbedResponse:
        if request.model == "words":
            return EmbedResponse(cast(Any, [["one"]]))
        return EmbedResponse([[0, 1.5, -2.25] for _ in request.input], Usage(input=len(request.input)))

    def answer_refuses(self, url: str, request: ChatRequest) -> Answer:
        raise AdapterError(429, "come back later", retry_after_ms=1500, code="busy")

    def answer_fails(self, url: str, request: ChatRequest) -> Answer:
        choices: dict[str, str] = {}
        return choices["choices"]

    def answer_exits(self, url: str, request: ChatRequest) -> Answer:
        raise SystemExit(3)

    def answer_recurses(self, url: str, request: ChatRequest) -> Answer:
        return self.answer_recurses(url, request)

    def answer_forgets(self, url: str, request: ChatRequest) -> Answer:
        return cast(Answer, None)

    def answer_mistypes(self, url: str, request: ChatRequest) -> Answer:
        return ChatAnswer([Choice(Message.assistant(cast(str, 7)))])

    def answer_half_pair(self, url: str, request: ChatRequest) -> Answer:
        return cast(str, json.loads('"\\ud83d\\ude00 and \\ud83d"'))

    def answer_imports(self, url: str, request: ChatRequest) -> Answer:
        import colorsys

        return colorsys.__name__

    def answer_tools(self, url: str, request: ChatRequest) -> Answer:
        message = Message.assistant(None)
        message.tool_calls = [ToolCall(each.id, each.name, each.arguments) for each in request.messages[0].tool_calls]
        return ChatAnswer([Choice(message, "tool_calls")], Usage(1, 2, extra={"credits": "7"}))

    def answer_logs(self, url: str, request: ChatRequest) -> Answer:
        print("printed \ud83d")
        log.warn("one line\nerror: no other")
        tokens = host.count_tokens("o200k_base", "hello world")
        return f"{tokens} tokens, {len(host.original_body())} bytes"

    def answer_draws(self, url: str, request: ChatRequest) -> Answer:
        return str(random.random())

    def answer_asks(self, url: str, request: ChatRequest) -> Answer:
        return json.dumps(http.get(url, timeout=20).raise_for_status().json())

    async def answer_awaits(self, url: str, request: ChatRequest) -> Answer:
        return http.get(url.replace("awaits", "asks")).raise_for_status().text()

    def answer_uploads(self, url: str, request: ChatRequest) -> Answer:
        return http.post(url, json={"big": "ü" * (3 << 20)}).raise_for_status().text()

    def answer_abandons(self, url: str, request: ChatRequest) -> Answer:
        """Leaves answers half read in every way there is: in a loop, in a cycle, unread."""
        first = next(iter(http.get(url).sse())).data
        cycle: list[object] = [http.get(url).sse().batches()]
        next(cast(Iterator[object], cycle[0]))
        cycle.append(cycle)
        del cycle
        http.get(url)
        with http.get(url) as response:
            response.chunk()
        gc.collect()
        return first

    def stream_relays(self, url: str) -> Iterator[Step]:
        for event in http.get(url, timeout=20).raise_for_status().sse():
            yield event.data

    async def stream_awaits(self, url: str) -> AsyncIterator[Step]:
        for event in http.get(url.replace("awaits", "relays")).raise_for_status().sse():
            yield event.data

    def stream_fails_late(self, url: str) -> Iterator[Step]:
        yield "so far"
        raise ValueError("then no more")

    def stream_mistypes(self, url: str) -> Iterator[Step]:
        yield "so far"
        yield cast(Step, 7)

    def stream_forgets(self, url: str) -> Iterator[Step]:
        return cast(Iterator[Step], None)

    def stream_ends(self, url: str) -> Iterator[Step]:
        yield from ()
