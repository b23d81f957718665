"""The seam in a component of the world `adapter`: wasi:http, wasi:clocks, wasi:random and the host interface of
WASI 0.2.

Order matters here. A resource traps when dropped before its children, and Python drops them whenever it
collects them, so every handle is closed by name: a pollable before what it was taken from, then stream, body,
response. What is still open is kept in `_OPEN`, out of the collector's reach.
"""

from componentize_py_types import Err, Ok, Result
from wit_world.imports import (
    host,
    monotonic_clock,
    outgoing_handler,
    poll,
    random,
    streams,
    types,
    wall_clock,
)
from wit_world.imports.error import Error as IoError

from caisson.transport.exchange import Answer, Call, Fault, FaultKind, Timeouts
from caisson.transport.wasi_faults import body_fault, fault
from caisson.transport.wasi_fields import method, outgoing_headers, received_headers, seconds_to_nanoseconds

_READ_AT_MOST = 64 * 1024
"""The most one read takes: what comes as it comes, never more."""

_OPEN: set["_IncomingBody"] = set()


def send(call: Call) -> Answer:
    """Sends one request and waits for the head of its answer."""
    request = _outgoing_request(call)
    options = _request_options(call.timeouts)
    upload = None if call.body is None else _Upload(request, call.body)
    # What fits the host's buffer is there before the request starts, and the rest follows it.
    if upload is not None:
        upload.write_what_fits()
        upload.finish_if_written()
    try:
        future = outgoing_handler.handle(request, options)
    except Err as error:
        if upload is not None:
            upload.abandon()
        raise fault(error.value) from None
    with future:
        try:
            early = None if upload is None else upload.run(future)
            response = _taken(early if early is not None else _wait(future))
        finally:
            if upload is not None:
                upload.abandon()
    return _answer(response)


def sleep(seconds: float) -> None:
    with monotonic_clock.subscribe_duration(seconds_to_nanoseconds(seconds)) as pollable:
        pollable.block()


def elapsed() -> float:
    """Seconds since some fixed moment."""
    return monotonic_clock.now() / 1e9


def unix_seconds() -> int:
    return wall_clock.now().seconds


def fraction() -> float:
    """Evenly spread over 0 to 1. Not of Python's `random`, whose state is the same in every instance."""
    return (random.get_random_u64() >> 11) / ((1 << 53) - 1)


def original_body() -> bytes:
    return host.original_body()


def count_tokens(encoding: str, text: str) -> int | None:
    return host.count_tokens(encoding, text)


_Future = types.FutureIncomingResponse
_Outcome = Result[Result[types.IncomingResponse, types.ErrorCode], None]


def _outgoing_request(call: Call) -> types.OutgoingRequest:
    request = types.OutgoingRequest(outgoing_headers(call))
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
        raise Fault(FaultKind.MALFORMED, what) from None
    return request


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


class _Upload:
    """A request body being written. Write errors are not reported: the host closes the body when the request
    fails, and the reason is in the response."""

    def __init__(self, request: types.OutgoingRequest, data: bytes) -> None:
        try:
            self._body: types.OutgoingBody | None = request.body()
            self._stream: streams.OutputStream | None = self._body.write()
        except Err:
            raise Fault(FaultKind.MALFORMED, "the request has no body to write") from None
        self._data = data
        self._written = 0

    def write_what_fits(self) -> None:
        """Writes without waiting."""
        try:
            while self._stream is not None and self._written < len(self._data):
                room = self._stream.check_write()
                if not room:
                    return
                piece = self._data[self._written : self._written + room]
                self._stream.write(piece)
                self._written += len(piece)
        except Err:
            self.abandon()

    def finish_if_written(self) -> None:
        if self._body is None or self._written < len(self._data):
            return
        try:
            if self._stream is not None:
                self._stream.flush()
        except Err:
            pass
        self._close_stream()
        body, self._body = self._body, None
        try:
            types.OutgoingBody.finish(body, None)
        except Err:
            pass

    def abandon(self) -> None:
        """Drops what is not finished; nothing where it is."""
        self._close_stream()
        if self._body is not None:
            self._body.__exit__(None, None, None)
            self._body = None

    def run(self, future: _Future) -> _Outcome | None:
        """Writes what is left while the request runs. Gives the response if it came first."""
        early: _Outcome | None = None
        while self._stream is not None and self._written < len(self._data):
            with self._stream.subscribe() as writable:
                if early is None:
                    with future.subscribe() as answered:
                        poll.poll([writable, answered])
                else:
                    writable.block()
            if early is None:
                early = future.get()
            # A refusal before the last byte, such as 413: nobody wants the rest.
            if early is not None and not _is_welcome(early):
                self.abandon()
                break
            self.write_what_fits()
        self.finish_if_written()
        return early

    def _close_stream(self) -> None:
        if self._stream is not None:
            self._stream.__exit__(None, None, None)
            self._stream = None


def _wait(future: _Future) -> _Outcome:
    while (outcome := future.get()) is None:
        with future.subscribe() as pollable:
            pollable.block()
    return outcome


def _is_welcome(outcome: _Outcome) -> bool:
    match outcome:
        case Ok(value=Ok(value=response)):
            return response.status() < 300
    return False


def _taken(outcome: _Outcome) -> types.IncomingResponse:
    match outcome:
        case Ok(value=Ok(value=response)):
            return response
        case Ok(value=Err(value=code)):
            raise fault(code)
    raise Fault(FaultKind.BROKEN, "the response was already taken")


def _answer(response: types.IncomingResponse) -> Answer:
    status = response.status()
    with response.headers() as fields:
        headers = received_headers(fields.entries())
    return Answer(status, headers, _IncomingBody(response))


class _IncomingBody:
    """A response body being read."""

    def __init__(self, response: types.IncomingResponse) -> None:
        try:
            body = response.consume()
            stream = body.stream()
        except Err:
            raise Fault(FaultKind.BROKEN, "the response has no body to read") from None
        self._handles: tuple[streams.InputStream, types.IncomingBody, types.IncomingResponse] | None = (
            stream,
            body,
            response,
        )
        _OPEN.add(self)

    def read(self) -> bytes | None:
        while self._handles is not None:
            stream = self._handles[0]
            try:
                data = stream.blocking_read(_READ_AT_MOST)
            except Err as error:
                why = _why(error.value)
                self.close()
                if why is None:
                    return None
                raise why from None
            if data:
                return data
            with stream.subscribe() as pollable:
                pollable.block()
        return None

    def close(self) -> None:
        handles, self._handles = self._handles, None
        for handle in handles or ():
            handle.__exit__(None, None, None)
        _OPEN.discard(self)


def _why(error: streams.StreamError) -> Fault | None:
    """Why a body ended; None where it just did."""
    if isinstance(error, streams.StreamError_Closed):
        return None
    io_error: IoError = error.value
    with io_error:
        return body_fault(types.http_error_code(io_error), io_error.to_debug_string())
