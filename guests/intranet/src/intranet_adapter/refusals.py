"""The service's failures → the contract's errors, in whatever place of an answer they stood."""

from caisson import AdapterError, ErrorKind


def refusal(code: str, message: str, wait: str | None = None) -> AdapterError:
    """A code is an HTTP status and a digit of the service's own; 4001 is a conversation too long for the model."""
    status = int(code) // 10 if len(code) == 4 and code.isascii() and code.isdigit() else 0
    if not 400 <= status < 600:
        raise unreadable(f"it fails with the unknown code {code[:16]!r}")
    seconds = int(wait) if wait and len(wait) < 6 and wait.isascii() and wait.isdigit() else None
    return AdapterError(
        status,
        message[:4096] or "the service refused and did not say why",
        kind=ErrorKind.CONTEXT_LENGTH if code == "4001" else None,
        code=code,
        retry_after_ms=None if seconds is None else seconds * 1000,
    )


def unreadable(why: str) -> AdapterError:
    return AdapterError.upstream(f"the service's answer could not be read: {why}")


def broken_off() -> AdapterError:
    return AdapterError.upstream("the job's output broke off before its end")
