"""An adapter for a made-up internal API that is not OpenAI-like at all: one prompt in, lines of JSON out. The page
"From CustomLLM to Caisson" shows it beside its LiteLLM twin."""

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
    Finish,
    Header,
    TextDelta,
    Usage,
    http,
    json,
)

HOST = "https://models.foundry.example"
REASONS = {"eos": "stop", "max": "length"}


class Foundry(Adapter):
    def describe(self) -> AdapterInfo:
        key = CredentialSlot("api-key", HOST, Header("x-foundry-key"))
        return AdapterInfo("foundry", "1.0.0", hosts=[HOST], credentials=[key])

    def complete(self, context: Context, request: ChatRequest) -> ChatAnswer:
        said = post(context, "generate", generation(request, stream=False)).json_object()
        answer = ChatAnswer.of_text(json.text(said, "text") or "", usage(said))
        answer.choices[0].finish_reason = REASONS.get(json.text(said, "ended") or "", "stop")
        return answer

    def stream(self, context: Context, request: ChatRequest) -> Iterator[Event]:
        for line in post(context, "generate", generation(request, stream=True)).ndjson().objects():
            if ended := json.text(line, "ended"):
                yield Finish(REASONS.get(ended, ended))
                yield usage(line)
            else:
                yield TextDelta(json.text(line, "text") or "")

    def embed(self, context: Context, request: EmbedRequest) -> EmbedResponse:
        answer = post(context, "vectors", {"model": request.model, "texts": request.input}).json_object()
        vectors = [json.numbers(each, "vector") for each in json.objects(answer.get("vectors"))]
        return EmbedResponse(vectors, usage(answer))


def generation(request: ChatRequest, stream: bool) -> dict[str, json.Json]:
    if request.tools:
        raise AdapterError(400, "Foundry's models call no tools", param="tools")
    body: dict[str, json.Json] = {
        "model": request.model,
        "prompt": "\n".join(f"[{message.role}] {message.text}" for message in request.messages),
        "max_new_tokens": request.max_tokens or 512,
        "stream": stream,
    }
    if request.temperature is not None:
        body["heat"] = request.temperature
    return body


def post(context: Context, call: str, body: object) -> http.Response:
    url = f"{context.base_url_or(HOST)}/v2/{call}"
    return http.post(url, json=body, timeout=context.timeout).raise_for_status()


def usage(said: dict[str, json.Json]) -> Usage:
    return Usage(json.count(said, "tokens_in") or 0, json.count(said, "tokens_out") or 0)
