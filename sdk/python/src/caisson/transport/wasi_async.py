"""The seam in a component of the world `adapter-async`: wasi:http, wasi:clocks, wasi:random and the host interface
of WASI 0.3.

The host takes a request's body and its trailers while it answers, so all three are under way together. What the
host may still use is kept out of the collector's reach: dropping an end that is being written traps.
"""

from componentize_py_async_support.futures import FutureReader, FutureWriter
from componentize_py_async_support.streams import ByteStreamReader, ByteStreamWriter
from componentize_py_types import Err, Ok, Result
from wit_world import (
    byte_stream,
    result_option_types_fields_types_error_code_future,
    result_unit_types_error_code_future,
)
from wit_world.imports import client, host, monotonic_clock, random, system_clock, types

from caisson.transport import waiting
from caisson.transport.exchange import Answer, Call, Fault, FaultKind, Timeouts
from caisson.transport.wasi_faults import fault, late
from caisson.transport.wasi_fields import method, outgoing_headers, received_headers, seconds_to_nanoseconds

_READ_AT_MOST = 64 * 1024
"""The most one read takes: what comes as it comes, never more."""

_Trailers = Result[types.Fields | None, types.ErrorCode]

_OPEN: set["_IncomingBody"] = set()


def send(call: Call) -> Answer:
    """Sends one request and waits for the head of its answer."""
    request, body, trailers = _outgoing_request(call)
    sending = waiting.Task(client.send(request))
    uploading = waiting.Task(_upload(body, call.body or b"", trailers))
    try:
        response = sending.result()
    except Err as error:
        raise fault(error.value) from None
    # After a refusal before the last byte, such as 413, nobody wants the rest.
    if response.get_status_code() < 300:
        uploading.result()
    return _answer(response)


def sleep(seconds: float) -> None:
    waiting.run(monotonic_clock.wait_for(seconds_to_nanoseconds(seconds)))


def elapsed() -> float:
    """Seconds since some fixed moment."""
    return monotonic_clock.now() / 1e9


def unix_seconds() -> int:
    return system_clock.now().seconds


def fraction() -> float:
    """Evenly spread over 0 to 1. Not of Python's `random`, whose state is the same in every instance."""
    return (random.get_random_u64() >> 11) / ((1 << 53) - 1)


def original_body() -> bytes:
    return host.original_body()


def count_tokens(encoding: str, text: str) -> int | None:
    return host.count_tokens(encoding, text)


def _outgoing_request(call: Call) -> tuple[types.Request, ByteStreamWriter | None, FutureWriter[_Trailers]]:
    headers = outgoing_headers(call)
    options = _request_options(call.timeouts)
    writer, contents = byte_stream() if call.body is not None else (None, None)
    trailers, no_trailers = result_option_types_fields_types_error_code_future(lambda: Ok(None))
    request, sent = types.Request.new(headers, contents, no_trailers, options)
    # How the sending went is told by the response.
    sent.__exit__(None, None, None)
    try:
        what = f"not a method: {call.method}"
        request.set_method(method(call.method))
        what = "the scheme can't be sent"
        request.set_scheme(types.Scheme_Https() if call.secure else types.Scheme_Http())
        what = f"not a host: {call.authority}"
        request.set_authority(call.authority)
        what = f"not a path: {call.path_with_query}"
        request.set_path_with_query(call.path_with_query)
    except Err:
        # It would send its default by a task that nobody waits for.
        trailers.finalizer.detach()
        raise Fault(FaultKind.MALFORMED, what) from None
    return request, writer, trailers


def _request_options(timeouts: Timeouts) -> types.RequestOptions:
    options = types.RequestOptions()
    for put, seconds in (
        (options.set_connect_timeout, timeouts.connect),
        (options.set_first_byte_timeout, timeouts.first_byte),
        (options.set_between_bytes_timeout, timeouts.between_bytes),
    ):
        try:
            put(None if seconds is None else seconds_to_nanoseconds(seconds))
        except Err:
            # A host that can't keep one says so by refusing it; its own timeouts hold then.
            continue
    return options


async def _upload(body: ByteStreamWriter | None, data: bytes, trailers: FutureWriter[_Trailers]) -> None:
    """Sends what comes after a request's head. Write errors are not reported: the host drops the body when the
    request fails, and the reason is in the response."""
    if body is not None:
        with body:
            await body.write_all(data)
    # Without it the host waits for trailers.
    await trailers.write(Ok(None))


def _answer(response: types.Response) -> Answer:
    status = response.get_status_code()
    with response.get_headers() as fields:
        headers = received_headers(fields.copy_all())
    return Answer(status, headers, _IncomingBody(response))


class _IncomingBody:
    """A response body being read."""

    def __init__(self, response: types.Response) -> None:
        untold, handled = result_unit_types_error_code_future(lambda: Ok(None))
        # What became of the body here is of no use to the host: it is never told.
        untold.finalizer.detach()
        self._parts: tuple[ByteStreamReader, FutureReader[_Trailers]] | None
        self._parts = types.Response.consume_body(response, handled)
        _OPEN.add(self)

    def read(self) -> bytes | None:
        if self._parts is None:
            return None
        stream, trailers = self._parts
        while not stream.writer_dropped:
            if data := waiting.run(stream.read(_READ_AT_MOST)):
                return data
        end = waiting.run(trailers.read())
        self.close()
        if isinstance(end, Err):
            raise late(fault(end.value))
        if end.value is not None:
            end.value.__exit__(None, None, None)
        return None

    def close(self) -> None:
        parts, self._parts = self._parts, None
        for part in parts or ():
            part.__exit__(None, None, None)
        _OPEN.discard(self)
