"""An adapter for a made-up JSON API, as short as they get. Not for any real provider."""

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
    Event,
    Finish,
    ModelInfo,
    Response,
    Retry,
    Setting,
    TextDelta,
    Usage,
    http,
    json,
)

HOST = "https://api.parrot.example"


class Parrot(Adapter):
    def describe(self) -> AdapterInfo:
        return AdapterInfo(
            "parrot",
            "0.1.0",
            description="Parrot's speech API",
            hosts=[HOST],
            credentials=[CredentialSlot("api-key", HOST, description="from parrot.example/keys")],
            settings=[Setting("max-retries", "how often to send again", default_value="0")],
            models=[ModelInfo("macaw-*", ["chat", "stream", "embed"])],
        )

    def complete(self, context: Context, request: ChatRequest) -> ChatAnswer:
        speech = speak(context, request, stream=False).json_object()
        return ChatAnswer.of_text(json.text(speech, "said") or "", usage(speech))

    def stream(self, context: Context, request: ChatRequest) -> Iterator[Event]:
        for event in speak(context, request, stream=True).sse():
            word = event.json()
            if "said" in word:
                yield TextDelta(json.text(word, "said") or "")
            else:
                yield Finish()
                yield usage(word)

    def embed(self, context: Context, request: EmbedRequest) -> list[list[float]]:
        url = f"{context.base_url_or(HOST)}/v1/listen"
        heard = http.post(url, json={"bird": request.model, "songs": request.input}).raise_for_status()
        return [json.numbers(each, "vector") for each in json.objects(heard.json_object().get("songs"))]


def speak(context: Context, request: ChatRequest, stream: bool) -> Response:
    question = request.messages[-1].text
    if not question:
        raise AdapterError.invalid_request("the last message has no text", param="messages")
    return http.post(
        f"{context.base_url_or(HOST)}/v1/speak",
        json={"bird": request.model, "question": question, "words": request.max_tokens, "stream": stream},
        timeout=context.timeout,
        retry=Retry.configured(context),
    ).raise_for_status()


def usage(said: dict[str, json.Json]) -> Usage:
    return Usage(json.count(said, "words_heard") or 0, json.count(said, "words_said") or 0)
