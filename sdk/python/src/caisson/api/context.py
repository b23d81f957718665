"""What surrounds a call. It never holds a secret: the host puts credentials on the outgoing requests."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Context:
    """What surrounds a call."""

    request_id: str = ""
    """Unique per client request; also in the client's `x-request-id`."""
    traceparent: str | None = None
    """W3C trace context to hand on, if the client or host traces."""
    base_url: str | None = None
    """Where the provider's API lives, if the operator overrides it; see `base_url_or`."""
    settings: dict[str, str] = field(default_factory=dict)
    """What the operator set, and the defaults of the rest."""
    headers: list[tuple[str, str]] = field(default_factory=list)
    """Client headers that the deployment passes on; see `header`."""
    timeout_ms: int = 600_000
    """Milliseconds left until the host ends the call, stream included."""

    def base_url_or(self, default: str) -> str:
        """The operator's override, else `default`; without a trailing slash either way."""
        return (self.base_url or default).rstrip("/")

    def header(self, name: str) -> str | None:
        """One of the client headers that the deployment passes on, by a name in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def timeout(self) -> float:
        """Seconds left until the host ends the call."""
        return self.timeout_ms / 1000
