"""The adapter sample: text, whole or streamed, and embeddings, over the API that OpenAI made and many others speak.

A beginning: put your provider's API in its place. It maps no functions, no images and no sampling parameters.
"""

from collections.abc import Iterator

from caisson import (
    Adapter,
    AdapterError,
    AdapterInfo,
    ChatAnswer,
    ChatRequest,
    Choice,
    Context,
    CredentialSlot,
    EmbedRequest,
    EmbedResponse,
    Event,
    Finish,
    Message,
    ModelInfo,
    Response,
    Role,
    TextDelta,
    Usage,
    http,
    json,
)

HOST = "https://api.openai.com"


class SampleAdapter(Adapter):
    def describe(self) -> AdapterInfo:
        return AdapterInfo(
            "sample",
            "0.1.0",
            description="Text and embeddings over OpenAI's API",
            hosts=[HOST],
            credentials=[CredentialSlot("api-key", HOST, description="from platform.openai.com/api-keys")],
            models=[ModelInfo("gpt-*", ["chat", "stream"]), ModelInfo("text-embedding-*", ["embed"])],
        )

    def complete(self, context: Context, request: ChatRequest) -> ChatAnswer:
        said = post(context, "chat/completions", chat(request)).json_object()
        for choice in json.objects(said.get("choices")):
            text = json.text(json.object_in(choice, "message") or {}, "content") or ""
            reason = json.text(choice, "finish_reason") or "stop"
            return ChatAnswer([Choice(Message.assistant(text), finish_reason=reason)], usage(said))
        raise AdapterError.upstream("the provider's answer has no choices")

    def stream(self, context: Context, request: ChatRequest) -> Iterator[Event]:
        # A failure before the first `yield` still becomes the answer's status; a later one, an event in a stream that has begun.
        body = chat(request) | {"stream": True, "stream_options": {"include_usage": True}}
        for event in post(context, "chat/completions", body).sse():
            if event.is_done:
                return
            yield from decode(event.json())

    def embed(self, context: Context, request: EmbedRequest) -> EmbedResponse:
        found = post(context, "embeddings", {"model": request.model, "input": request.input}).json_object()
        return EmbedResponse([json.numbers(each, "embedding") for each in json.objects(found.get("data"))], usage(found))


def post(context: Context, path: str, body: object) -> Response:
    """Sends a request, without the key: the host adds it. What is no success raises the provider's status and words."""
    url = f"{context.base_url_or(f'{HOST}/v1')}/{path}"
    return http.post(url, json=body, timeout=context.timeout).raise_for_status()


def chat(request: ChatRequest) -> dict[str, object]:
    if request.tools:
        raise AdapterError.unsupported("tools", param="tools")
    roles = {Role.DEVELOPER: "system", Role.TOOL: "user"}
    messages = [{"role": roles.get(message.role, message.role), "content": message.text} for message in request.messages]
    return {"model": request.model, "messages": messages, "max_tokens": request.max_tokens}


def decode(said: dict[str, json.Json]) -> Iterator[Event]:
    """What one event of the provider's stream says."""
    if error := json.object_in(said, "error"):
        raise AdapterError.upstream(json.text(error, "message") or "the provider failed")
    for choice in json.objects(said.get("choices")):
        if text := json.text(json.object_in(choice, "delta") or {}, "content"):
            yield TextDelta(text)
        if reason := json.text(choice, "finish_reason"):
            yield Finish(reason)
    if counts := usage(said):
        yield counts


def usage(said: dict[str, json.Json]) -> Usage | None:
    counts = json.object_in(said, "usage")
    if counts is None:
        return None
    return Usage(json.count(counts, "prompt_tokens") or 0, json.count(counts, "completion_tokens") or 0)
