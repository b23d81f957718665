"""Sending again: when it may help, how long to wait, when to give up. Off unless asked for, since OpenAI's
clients send again themselves and get the provider's `retry-after` from us."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from caisson import date, transport
from caisson.api import Context
from caisson.error import AdapterError

_LONGEST_ASKED = 60.0
"""A provider that asks for a longer wait gets none: the client hears of it and may choose."""


@dataclass(slots=True, frozen=True)
class Retry:
    """How often and how patiently to send again.

    Sent again are requests that found nobody to answer them, and answers with 408, 409, 429 or 5xx, unless
    the provider's `x-should-retry` says otherwise. Waits grow twofold from `base` to `cap` seconds, each
    drawn evenly from nothing to that ("full jitter"), so that many clients don't return at once. A
    `retry-after-ms` or `retry-after` of up to a minute is obeyed instead.
    """

    times: int = 0
    """Up to this many times more, after the first."""
    base: float = 0.5
    cap: float = 8.0
    within: float | None = None
    """Gives up rather than wait past this many seconds after the first attempt began."""

    @classmethod
    def configured(cls, context: Context) -> Self:
        """As often as the setting `max-retries` says (default 0), within the call's deadline."""
        text = context.settings.get("max-retries", "").strip()
        if text and not (text.isascii() and text.isdigit() and len(text) < 10):
            raise AdapterError.internal(f"setting max-retries is {text!r}, not a whole number")
        return cls(int(text or 0), within=context.timeout)


class Attempts:
    """The attempts of one request."""

    def __init__(self, policy: Retry) -> None:
        self._policy = policy
        self._made = 0
        self._began = transport.elapsed()

    def next_wait(self, asked: float | None) -> float | None:
        """How long to wait before the next attempt; None where there should be none."""
        if self._made >= self._policy.times:
            return None
        if asked is not None and asked > _LONGEST_ASKED:
            return None
        wait = self._backoff(transport.fraction()) if asked is None else asked
        spent = transport.elapsed() - self._began
        if self._policy.within is not None and spent + wait >= self._policy.within:
            return None
        self._made += 1
        return wait

    def _backoff(self, fraction: float) -> float:
        # Past 2^60 every cap is reached, and a float would overflow long after.
        ceiling = self._policy.base * 2.0 ** min(self._made, 60)
        return min(ceiling, self._policy.cap) * fraction


def may_help(status: int, headers: Sequence[tuple[str, str]]) -> bool:
    """Whether an answer is one that another attempt may better."""
    if status < 400:
        return False
    match _header(headers, "x-should-retry"):
        case "true":
            return True
        case "false":
            return False
    return status in (408, 409, 429) or 500 <= status <= 599


def asked_wait(headers: Sequence[tuple[str, str]]) -> float | None:
    """The seconds that an answer asks for: `retry-after-ms`, else `retry-after` in seconds or as a date."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        if (seconds := _seconds(_header(headers, name), unit)) is not None:
            return seconds
    until = date.parse(_header(headers, "retry-after") or "")
    if until is None:
        return None
    # By the provider's own clock where it tells: ours may differ.
    now = date.parse(_header(headers, "date") or "")
    return float(max(until - (transport.unix_seconds() if now is None else now), 0))


def _seconds(text: str | None, unit: float) -> float | None:
    try:
        value = float(text or "") * unit
    except ValueError:
        return None
    return value if value >= 0 and not math.isnan(value) else None


def _header(headers: Sequence[tuple[str, str]], name: str) -> str | None:
    return next((value.strip() for key, value in headers if key.lower() == name), None)
