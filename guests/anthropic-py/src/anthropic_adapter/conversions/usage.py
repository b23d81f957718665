"""Token counts. Anthropic counts apart what came from the cache and what went into it; OpenAI's prompt tokens
are all of it, so the three are added up."""

from caisson import Usage, json
from caisson.json import Json

from anthropic_adapter.conversions.fields import leftover

_COUNTED = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


class Counts:
    """Counts so far. A stream reports them twice, the second time with running totals."""

    def __init__(self) -> None:
        self.known = False
        """Whether the provider counted at all."""
        self._counts: dict[str, int] = {}
        self._tier: str | None = None
        self._extra: dict[str, str] = {}

    def update(self, usage: dict[str, Json]) -> None:
        """Fields that are absent or null leave what was known."""
        self.known = True
        fields = dict(usage)
        for name in _COUNTED:
            self._note(name, fields)
            fields.pop(name, None)
        details = fields.pop("output_tokens_details", None)
        self._note("thinking_tokens", details if isinstance(details, dict) else {})
        tier = json.text(fields, "service_tier")
        fields.pop("service_tier", None)
        self._tier = tier or self._tier
        self._extra |= leftover(fields)

    @property
    def service_tier(self) -> str | None:
        """The tier in OpenAI's word, where it has one."""
        return "default" if self._tier == "standard" else self._tier

    def usage(self) -> Usage:
        read = self._counts.get("cache_read_input_tokens")
        written = self._counts.get("cache_creation_input_tokens")
        given = self._counts.get("input_tokens", 0) + (read or 0) + (written or 0)
        output = self._counts.get("output_tokens", 0)
        return Usage(
            input=_saturated(given),
            output=output,
            total=_saturated(given + output),
            cached_input=read,
            cache_write_input=written,
            reasoning_output=self._counts.get("thinking_tokens"),
            extra=self._extra,
        )

    def _note(self, name: str, fields: dict[str, Json]) -> None:
        if (count := json.count(fields, name)) is not None:
            self._counts[name] = count


def _saturated(count: int) -> int:
    return min(count, 0xFFFF_FFFF)
