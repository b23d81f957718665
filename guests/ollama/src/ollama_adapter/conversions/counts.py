"""Token counts and timings, which Ollama puts among an answer's fields."""

from caisson import Usage, json
from caisson.json import Json

# Nanoseconds. They stand beside the counts, since tokens per second is what they are for.
_TIMINGS = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")


def usage_in(fields: dict[str, Json]) -> Usage | None:
    """Takes the counts and timings out of an answer. Ollama leaves a count of zero out; where both are missing it
    has counted nothing."""
    given, made = json.count(fields, "prompt_eval_count"), json.count(fields, "eval_count")
    taken = {name: fields.pop(name, None) for name in ("prompt_eval_count", "eval_count", *_TIMINGS)}
    if given is None and made is None:
        return None
    timings = {name: taken[name] for name in _TIMINGS if taken[name] is not None}
    total = min((given or 0) + (made or 0), 0xFFFF_FFFF)
    return Usage(given or 0, made or 0, total, extra=json.extra_fields(timings))
