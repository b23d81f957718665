"""Whatever an adapter raised, as an `AdapterError`. A fault of the adapter's own says where it happened: in
the error in a line, in the log in full."""

import sys
import traceback

from caisson.error import AdapterError
from caisson.refusal import cut

_MESSAGE_AT_MOST = 500
_LOG_AT_MOST = 8 << 10


def of(error: BaseException, where: str) -> AdapterError:
    """`where` is the method that the host called."""
    if isinstance(error, AdapterError):
        return error
    _log(error)
    said = f"{type(error).__name__}: {_text(error)}" if _text(error) else type(error).__name__
    message = f"the adapter failed in {where}{_place(error)}: {cut(said, _MESSAGE_AT_MOST)}"
    if isinstance(error, ImportError):
        # The modules that are there are those imported while it was built.
        message += "; a component has no files: import what it needs at the top of its modules"
    return AdapterError.internal(message)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def _place(error: BaseException) -> str:
    """The innermost line of the adapter's own, else of anyone's."""
    steps = []
    trace = error.__traceback__
    while trace is not None:
        steps.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    own = [step for step in steps if "/caisson/" not in step[0]]
    if not steps:
        return ""
    file, line = (own or steps)[-1]
    return f" ({file.rpartition('/')[2]}:{line})"


def _log(error: BaseException) -> None:
    try:
        text = "".join(traceback.format_exception(error, limit=-20))
        sys.stderr.write(cut(text, _LOG_AT_MOST))
        sys.stderr.flush()
    except Exception:
        # The error itself still reaches the client.
        return
