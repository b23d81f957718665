"""The contract's `extra` as fields of Anthropic's objects, which are flat."""

from collections.abc import Mapping

from caisson import json
from caisson.json import Json


def flat_extra(extra: Mapping[str, str], inner: str, path: str) -> dict[str, Json]:
    """The fields of an `extra` where OpenAI puts an object's substance into another one, named `inner`: what was
    left in that one stands beside the rest."""
    fields = json.parse_extra(extra, path)
    left = fields.pop(inner, None)
    return beside(fields, left) if isinstance(left, dict) else fields


def beside(fields: dict[str, Json], others: Mapping[str, Json]) -> dict[str, Json]:
    """The fields, and those of the others that are not among them."""
    return {**fields, **{name: value for name, value in others.items() if name not in fields}}


def leftover(fields: Mapping[str, Json]) -> dict[str, str]:
    """What nobody took, as the contract carries it; nulls say nothing and stay behind."""
    return {name: json.dumps(value) for name, value in fields.items() if value is not None}
