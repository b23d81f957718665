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
    Event,
    Header,
    Setting,
)

from anthropic_adapter import client, models
from anthropic_adapter.conversions.answer import chat_answer
from anthropic_adapter.conversions.request import messages_request
from anthropic_adapter.conversions.stream import Decoder

VERSION = "0.1.0"

# OpenAI's parameters that reach Anthropic in some form.
_PARAMETERS = [
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "stop",
    "stream",
    "reasoning_effort",
    "user",
    "metadata",
    "service_tier",
]


class Anthropic(Adapter):
    def describe(self) -> AdapterInfo:
        key = CredentialSlot("api-key", client.HOST, Header("x-api-key"), "An API key from the Claude Console")
        return AdapterInfo(
            "anthropic-py",
            VERSION,
            description="Claude models over Anthropic's Messages API, written in Python",
            models=models.known(),
            parameters=_PARAMETERS,
            hosts=[client.HOST],
            credentials=[key],
            settings=[
                Setting("anthropic-version", "The API version to ask for", client.VERSION),
                Setting("anthropic-beta", "Beta features to switch on, comma-separated"),
                Setting(
                    "default-max-tokens",
                    "The answer's cap where a request sets none",
                    str(client.DEFAULT_MAX_TOKENS),
                ),
                Setting("max-retries", "How often to send a failed request again", "0"),
            ],
            suites=["anthropic"],
        )

    def complete(self, context: Context, request: ChatRequest) -> ChatAnswer:
        body = messages_request(request, client.default_max_tokens(context), stream=False)
        return chat_answer(client.send(context, body).read())

    def stream(self, context: Context, request: ChatRequest) -> Iterator[list[Event]]:
        body = messages_request(request, client.default_max_tokens(context), stream=True)
        incoming = client.send(context, body).sse()
        # The provider took the request: the client may know, however long the model thinks.
        yield []
        decoder = Decoder()
        for batch in incoming.batches():
            events: list[Event] = []
            try:
                for event in batch:
                    events += decoder.decode(event.data)
            except AdapterError:
                # What came before it goes first.
                yield events
                raise
            yield events
            if decoder.stopped:
                return
        raise AdapterError.upstream("the stream broke off before its end")
