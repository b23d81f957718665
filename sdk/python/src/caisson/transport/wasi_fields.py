"""What of a request and an answer is the same on WASI 0.2 and 0.3: methods, headers, durations."""

from collections.abc import Sequence

from componentize_py_types import Err
from wit_world.imports import types

from caisson.transport.exchange import Call, Fault, FaultKind

_METHODS: dict[str, types.Method] = {
    "GET": types.Method_Get(),
    "HEAD": types.Method_Head(),
    "POST": types.Method_Post(),
    "PUT": types.Method_Put(),
    "DELETE": types.Method_Delete(),
    "OPTIONS": types.Method_Options(),
    "PATCH": types.Method_Patch(),
}


def method(name: str) -> types.Method:
    return _METHODS.get(name) or types.Method_Other(name)


def outgoing_headers(call: Call) -> types.Fields:
    """The call's headers, and how long its body is."""
    headers = [(name, value.encode()) for name, value in call.headers]
    if call.body is not None:
        headers.append(("content-length", str(len(call.body)).encode()))
    try:
        return types.Fields.from_list(headers)
    except Err:
        raise Fault(FaultKind.MALFORMED, "a header can't be sent") from None


def received_headers(entries: Sequence[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Names in lower case, values as text."""
    return [(name.lower(), value.decode("utf-8", "replace")) for name, value in entries]


def seconds_to_nanoseconds(seconds: float) -> int:
    return int(min(max(seconds, 0.0) * 1e9, 2.0**63))
