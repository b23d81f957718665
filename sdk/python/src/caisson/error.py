"""From failures to the contract's errors: what an adapter raises, and what a provider's refusal becomes.

The mapping knows HTTP and the error shapes that many providers share. What only one provider does belongs
into its adapter, which may change the error before raising it.
"""

from enum import StrEnum


class ErrorKind(StrEnum):
    """Whose fault and what sort, in the contract's words."""

    INTERNAL = "internal"
    INVALID_REQUEST = "invalid-request"
    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    TOO_LARGE = "too-large"
    RATE_LIMITED = "rate-limited"
    QUOTA_EXCEEDED = "quota-exceeded"
    CONTEXT_LENGTH = "context-length"
    CONTENT_FILTERED = "content-filtered"
    UNSUPPORTED = "unsupported"
    TIMEOUT = "timeout"
    UPSTREAM = "upstream"


class AdapterError(Exception):
    """Why there is no answer. Raised anywhere in an adapter, it becomes the client's HTTP status and error
    object, or, once a stream has begun, the stream's error event.

    Without a `kind` the status decides it, see `kind_of_status`; without a status it is `internal`.
    """

    def __init__(
        self,
        status: int | None,
        message: str,
        *,
        kind: ErrorKind | None = None,
        param: str | None = None,
        code: str | None = None,
        retry_after_ms: int | None = None,
        body: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status that the provider answered with; the client's too. None: the kind's own."""
        self.message = message
        """For people; reaches the client."""
        self.kind = kind or (ErrorKind.INTERNAL if status is None else kind_of_status(status))
        self.param = param
        """The request's field at fault, as a path: `messages[2].content`."""
        self.code = code
        """The provider's own code; reaches the client."""
        self.retry_after_ms = retry_after_ms
        """Milliseconds after which another try makes sense; reaches the client."""
        self.body = body
        """The provider's answer, as far as it helps."""

    def __str__(self) -> str:
        return self.message

    @classmethod
    def internal(cls, message: str) -> "AdapterError":
        """The adapter itself is wrong, or its settings are."""
        return cls(None, message)

    @classmethod
    def invalid_request(cls, message: str, param: str | None = None) -> "AdapterError":
        """The client asked for something that can't be; `param` names the field at fault."""
        return cls(None, message, kind=ErrorKind.INVALID_REQUEST, param=param)

    @classmethod
    def unsupported(cls, what: str, param: str | None = None) -> "AdapterError":
        """The adapter lacks this. `what` is a plural, as in "embeddings"."""
        message = f"this adapter does not support {what}"
        return cls(None, message, kind=ErrorKind.UNSUPPORTED, param=param)

    @classmethod
    def upstream(cls, message: str) -> "AdapterError":
        """The provider failed or could not be reached."""
        return cls(None, message, kind=ErrorKind.UPSTREAM)


def kind_of_status(status: int) -> ErrorKind:
    """What a provider's HTTP status means where nothing else is known."""
    if status in _KINDS:
        return _KINDS[status]
    return ErrorKind.INVALID_REQUEST if 400 <= status < 500 else ErrorKind.UPSTREAM


_KINDS = {
    401: ErrorKind.AUTHENTICATION,
    402: ErrorKind.QUOTA_EXCEEDED,
    403: ErrorKind.PERMISSION,
    404: ErrorKind.NOT_FOUND,
    408: ErrorKind.TIMEOUT,
    409: ErrorKind.CONFLICT,
    410: ErrorKind.NOT_FOUND,
    413: ErrorKind.TOO_LARGE,
    429: ErrorKind.RATE_LIMITED,
    504: ErrorKind.TIMEOUT,
}
