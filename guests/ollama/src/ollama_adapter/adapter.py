"""The adapter: what it says of itself, and how a request passes through it. The wire is `client`'s, the mapping
`conversions`'."""

from collections.abc import Iterator

from caisson import (
    Adapter,
    AdapterError,
    AdapterInfo,
    ChatAnswer,
    ChatRequest,
    Context,
    CredentialSlot,
    EmbedRequest,
    EmbedResponse,
    Event,
    Setting,
)

from ollama_adapter import client
from ollama_adapter.conversions.answer import chat_answer
from ollama_adapter.conversions.embeddings import embed_answer, embed_body
from ollama_adapter.conversions.request import chat_body
from ollama_adapter.conversions.stream import Decoder

VERSION = "0.1.0"

# OpenAI's parameters that reach Ollama in some form.
_PARAMETERS = [
    "model",
    "messages",
    "tools",
    "tool_choice",
    "response_format",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "stop",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logprobs",
    "top_logprobs",
    "stream",
    "reasoning_effort",
    "input",
    "dimensions",
]


class Ollama(Adapter):
    def describe(self) -> AdapterInfo:
        key = CredentialSlot(
            "api-key",
            client.HOST,
            description="An API key, for ollama.com or a proxy that wants one; a server of your own wants none",
            required=False,
        )
        return AdapterInfo(
            "ollama",
            VERSION,
            description="Models on an Ollama server, over Ollama's own API",
            parameters=_PARAMETERS,
            hosts=[client.HOST],
            credentials=[key],
            settings=[
                Setting("num-ctx", "Tokens of context where a request sets none; else the server's or model's own"),
                Setting("keep-alive", "How long a model stays loaded: a duration as in 10m, or seconds; -1 for ever"),
                Setting("max-retries", "How often to send a failed request again", "0"),
            ],
        )

    def complete(self, context: Context, request: ChatRequest) -> ChatAnswer:
        body = chat_body(request, client.defaults(context), stream=False)
        return chat_answer(client.send(context, "/api/chat", body).read())

    def stream(self, context: Context, request: ChatRequest) -> Iterator[list[Event]]:
        body = chat_body(request, client.defaults(context), stream=True)
        # Ollama's own head comes with its first line too, so nothing is yielded before that line: an error in
        # it keeps its HTTP status.
        incoming = client.send(context, "/api/chat", body).ndjson()
        decoder = Decoder()
        for batch in incoming.batches():
            events: list[Event] = []
            try:
                for line in batch:
                    events += decoder.decode(line)
            except AdapterError:
                # What came before it goes first.
                if events:
                    yield events
                raise
            yield events
            if decoder.done:
                return
        raise AdapterError.upstream("the stream broke off before its end")

    def embed(self, context: Context, request: EmbedRequest) -> EmbedResponse:
        body = embed_body(request, client.defaults(context))
        return embed_answer(client.send(context, "/api/embed", body).read(), len(request.input))
