"""Lines in the adapter's log, which is its standard error. Never log what a client wrote unless the operator
asked for it. There are no levels to filter by: the host limits and keeps what arrives."""

import sys


def info(message: object) -> None:
    """Something that helps to follow a request."""
    _line("info", message)


def warn(message: object) -> None:
    """Something odd that the adapter got over."""
    _line("warn", message)


def error(message: object) -> None:
    """Something that made the request fail."""
    _line("error", message)


def _line(level: str, message: object) -> None:
    """One call is one line, so that text from a provider can't pass for lines of its own."""
    text = str(message).replace("\n", "\\n").replace("\r", "\\r")
    # Half a surrogate pair has no UTF-8, and a log line is no reason to fail.
    sys.stderr.write(f"{level}: {text}\n".encode("utf-8", "replace").decode())
    sys.stderr.flush()
