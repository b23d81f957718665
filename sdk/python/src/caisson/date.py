"""HTTP dates (RFC 9110 §5.6.7) to Unix seconds, all three forms. Writes none and knows no time zones."""

import re
from datetime import UTC, datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BETWEEN = re.compile(r"[ ,-]+")


def parse(text: str) -> int | None:
    """Seconds since 1970, or None for what is no HTTP date from then on."""
    match _BETWEEN.split(text.strip()[:64]):
        # Sun, 06 Nov 1994 08:49:37 GMT or Sunday, 06-Nov-94 08:49:37 GMT
        case [_, day, month, year, time, "GMT"]:
            pass
        # Sun Nov  6 08:49:37 1994
        case [_, month, day, time, year]:
            pass
        case _:
            return None
    clock = time.split(":")
    if month not in _MONTHS or len(clock) != 3 or len(year) not in (2, 4):
        return None
    if not all(each.isascii() and each.isdigit() for each in (day, year, *clock)):
        return None
    years = int(year)
    if len(year) == 2:
        # Two digits are from a protocol older than this century's second half.
        years += 2000 if years < 70 else 1900
    hour, minute, second = map(int, clock)
    try:
        moment = datetime(years, _MONTHS.index(month) + 1, int(day), hour, minute, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    seconds = int(moment.timestamp()) + second
    return seconds if seconds >= 0 and second <= 60 else None
