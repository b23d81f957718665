"""Log probabilities, which Ollama gives in OpenAI's shape."""

from math import isfinite

from caisson import TokenLogprob, TopLogprob, json
from caisson.json import Json


def tokens_in(fields: dict[str, Json]) -> list[TokenLogprob]:
    """Takes the tokens out of an answer or a line; what is no token is passed over."""
    tokens: list[TokenLogprob] = []
    for each in json.objects(fields.pop("logprobs", None)):
        if (chosen := _token(each)) is not None:
            others = [_token(other) for other in json.objects(each.get("top_logprobs"))]
            top = [other for other in others if other is not None]
            tokens.append(TokenLogprob(chosen.token, chosen.logprob, chosen.bytes, top))
    return tokens


def _token(fields: dict[str, Json]) -> TopLogprob | None:
    token, logprob = json.text(fields, "token"), json.number(fields, "logprob")
    if token is None or logprob is None or not _is_float(logprob):
        return None
    return TopLogprob(token, float(logprob), _bytes(fields.get("bytes")))


def _is_float(number: float) -> bool:
    """JSON can hold whole numbers that no float can."""
    try:
        return isfinite(number)
    except OverflowError:
        return False


def _bytes(value: Json) -> bytes | None:
    if not isinstance(value, list):
        return None
    numbers = [each for each in value if isinstance(each, int) and 0 <= each < 256]
    return bytes(numbers) if len(numbers) == len(value) else None
