"""JSON from a client or a provider, and the contract's `extra` fields.

The text may be hostile: nesting is bounded before parsing, since deep nesting exhausts the sandbox's call
stack, which Python can't catch. What isn't JSON (`NaN`, `Infinity`) is refused both ways. The readers
(`text`, `integer`, …) take a field of an object that may have any shape, and give None where it is absent
or something else.
"""

import json as _json
import re
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import NoReturn, TypeAlias

from caisson.error import AdapterError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

DEEPEST = 128
"""How deep arrays and objects may nest."""

_STRINGS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS = re.compile(r"[^\[\]{}]+")
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}


def loads(data: str | bytes) -> Json:
    """Parses JSON. Raises ValueError, and nothing else, where it is none."""
    text = data if isinstance(data, str) else data.decode("utf-8")
    if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
        raise ValueError(f"it nests deeper than {DEEPEST} levels")
    value: Json = _DECODER.decode(text)
    return value


def dumps(value: object) -> str:
    """Compact JSON text. Raises ValueError or TypeError for what JSON can't hold."""
    text = _ENCODER.encode(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair, as an escape in a client's own JSON may give: kept as that escape.
        return _ASCII_ENCODER.encode(value)
    return text


def loads_object(data: str | bytes) -> dict[str, Json]:
    """Parses JSON that has to be an object. Raises ValueError where it is not."""
    value = loads(data)
    if not isinstance(value, dict):
        raise ValueError("it is no object")
    return value


def parse_extra(extra: Mapping[str, str], path: str = "") -> dict[str, Json]:
    """The values of an `extra` field. `path` names its object in the error, which blames the client."""
    fields: dict[str, Json] = {}
    for name, value in extra.items():
        try:
            fields[name] = loads(value)
        except ValueError as error:
            place = f"{path}.{name}" if path else name
            raise AdapterError.invalid_request(f"this is not JSON: {error}", param=place) from None
    return fields


def extra_fields(fields: Mapping[str, Json]) -> dict[str, str]:
    """An `extra` field of these values."""
    return {name: dumps(value) for name, value in fields.items()}


def objects(value: Json) -> list[dict[str, Json]]:
    """The objects in a list; empty for anything else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def object_in(fields: Mapping[str, Json], name: str) -> dict[str, Json] | None:
    """A field that is an object."""
    value = fields.get(name)
    return value if isinstance(value, dict) else None


def text(fields: Mapping[str, Json], name: str) -> str | None:
    """A field that is a string."""
    value = fields.get(name)
    return value if isinstance(value, str) else None


def integer(fields: Mapping[str, Json], name: str) -> int | None:
    """A field that is a whole number."""
    value = fields.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def count(fields: Mapping[str, Json], name: str) -> int | None:
    """A field that counts something: a whole number from 0, at most what the contract's u32 holds."""
    value = integer(fields, name)
    return None if value is None or value < 0 else min(value, 0xFFFF_FFFF)


def number(fields: Mapping[str, Json], name: str) -> float | None:
    """A field that is a number."""
    value = fields.get(name)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def numbers(fields: Mapping[str, Json], name: str) -> list[float]:
    """A field that is a list of numbers, as a vector is; empty for anything else."""
    value = fields.get(name)
    if not isinstance(value, list):
        return []
    found = [each for each in value if isinstance(each, (int, float)) and not isinstance(each, bool)]
    return found if len(found) == len(value) else []


def _depth(text: str) -> int:
    brackets = _NOT_BRACKETS.sub("", _STRINGS.sub("", text))
    steps: Iterable[int] = map(_STEPS.__getitem__, brackets)
    return max(accumulate(steps), default=0)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_DECODER = _json.JSONDecoder(parse_constant=_refuse)
_ENCODER = _json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_ASCII_ENCODER = _json.JSONEncoder(allow_nan=False, separators=(",", ":"))
