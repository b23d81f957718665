"""Plain values on their way out. A value of another type than the contract's, or a character that has no
UTF-8, would abort the component without a word: here it becomes an error that names the place."""

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")

_U32_MAX = 0xFFFF_FFFF


class Unfit(Exception):
    """What an adapter gave is not what the contract wants there."""


def unfit(value: object, where: str, wanted: str) -> Unfit:
    """Names the place, what is wanted, and what was there."""
    given = "None" if value is None else f"a value of type {type(value).__name__}"
    return Unfit(f"{where} must be {wanted}, not {given}")


def text(value: object, where: str) -> str:
    """A string. Half of a surrogate pair, which JSON escapes can make, becomes a replacement character."""
    if not isinstance(value, str):
        raise unfit(value, where, "text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    # A subclass such as an enum's member goes out as the string that it is.
    return value if type(value) is str else str.__str__(value)


def count(value: object, where: str) -> int:
    """A whole number that the contract's u32 can hold; a larger one becomes the largest."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise (
            unfit(value, where, "a whole number from 0")
            if not isinstance(value, int)
            else Unfit(f"{where} must be a whole number from 0, not {value}")
        )
    return min(int(value), _U32_MAX)


def number(value: object, where: str) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise unfit(value, where, "a number")
    return float(value)


def flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise unfit(value, where, "True or False")
    return value


def optional(check: Callable[[object, str], T], value: object, where: str) -> T | None:
    return None if value is None else check(value, where)


def data(value: object, where: str) -> bytes:
    if not isinstance(value, (bytes, bytearray)):
        raise unfit(value, where, "bytes")
    return bytes(value)


def each(check: Callable[[U, str], T], values: Iterable[U], where: str) -> list[T]:
    """Every item of a list, checked."""
    if not isinstance(values, (list, tuple)):
        raise unfit(values, where, "a list")
    return [check(value, f"{where}[{position}]") for position, value in enumerate(values)]


def pairs(values: Mapping[str, str], where: str) -> list[tuple[str, str]]:
    """Names and texts; JSON text where the field is called `extra`."""
    if not values and isinstance(values, Mapping):
        return []
    if not isinstance(values, Mapping):
        raise unfit(values, where, "a dict")
    return [(text(name, f"a name in {where}"), text(value, f"{where}[{name!r}]")) for name, value in values.items()]


def floats(values: Sequence[float], where: str) -> list[float]:
    """A vector; through an array, since a check of each number in Python costs more than all the rest."""
    try:
        return array("f", values).tolist()
    except (TypeError, OverflowError) as error:
        raise Unfit(f"{where} must be a list of numbers: {error}") from None
