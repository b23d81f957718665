"""`POST /api/embed`, both ways. The server takes texts only, any number of them at once."""

from caisson import AdapterError, EmbedRequest, EmbedResponse, json
from caisson.json import Json

from ollama_adapter.conversions import counts
from ollama_adapter.conversions.answer import answer_object, leftover, model_in, unreadable
from ollama_adapter.conversions.request import Defaults, options, passed

# The contract's vectors are of 32-bit floats.
_LARGEST = 3.4028234663852886e38


def embed_body(request: EmbedRequest, defaults: Defaults) -> dict[str, Json]:
    texts: list[Json] = [each for each in request.input if isinstance(each, str)]
    if len(texts) < len(request.input):
        raise AdapterError.unsupported("token ids to embed, only texts", param="input")
    extra = json.parse_extra(request.extra)
    written: dict[str, Json] = {
        "model": request.model,
        "input": texts,
        "dimensions": request.dimensions,
        "options": options({}, extra, defaults),
        **passed(extra, defaults),
    }
    return {name: value for name, value in written.items() if value is not None}


def embed_answer(body: bytes, asked: int) -> EmbedResponse:
    """Reads the body of a successful answer to so many texts."""
    fields = answer_object(body)
    given = fields.pop("embeddings", None)
    if not isinstance(given, list) or len(given) != asked:
        count = len(given) if isinstance(given, list) else "no"
        raise unreadable("the answer", f"it has {count} embeddings for {asked} texts")
    vectors = [_vector(each, position) for position, each in enumerate(given)]
    usage = counts.usage_in(fields)
    model = model_in(fields)
    return EmbedResponse(vectors, usage, model=model, extra=leftover(fields))


def _vector(value: Json, position: int) -> list[float]:
    """Checked by what runs in C: a loop in Python over every number costs more than all the rest."""
    kinds = set(map(type, value)) if isinstance(value, list) else set()
    if not kinds or not kinds <= {int, float}:
        raise unreadable("the answer", f"embedding {position} is no list of numbers")
    numbers: list[float] = value  # type: ignore[assignment]
    if max(map(abs, numbers)) > _LARGEST:
        raise unreadable("the answer", f"embedding {position} has a number that is too large")
    return numbers
