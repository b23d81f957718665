"""The service over HTTP: where it lives, how a job is submitted and collected. A session is not here: the
host adds it. What forms and lines mean to a client is `conversions`', what a refusal means `refusals`'."""

import re
from collections.abc import Iterator

from caisson import Context, Response, Retry, http

from intranet_adapter.frames import End, Frames, Words
from intranet_adapter.refusals import refusal, unreadable

HOST = "https://desk.intranet.example"
"""Where the service lives unless `base-url` says otherwise."""

Form = list[tuple[str, str]]

# A ticket and a vector of 8192 numbers fit; a body of the service's is never trusted to.
_LONGEST_ANSWER = 16 << 20
_LONGEST_TEXT = 16 << 20


def generate(context: Context, form: Form) -> Iterator[Words | End]:
    """Submits a job and gives its frames as they come, the end included."""
    [ticket] = _fields(_lines(_post(context, "submit", form, Retry.configured(context))), "ticket")
    # Collecting takes the output away, so it is asked for once.
    with _post(context, "collect", [("ticket", ticket)], Retry()) as response:
        # A refusal is text even where frames were asked for.
        if not (response.header("content-type") or "").startswith("application/x-desk-frames"):
            _lines(response)
            raise unreadable("the output is not in frames")
        frames, length = Frames(), 0
        for piece in response.iter_bytes():
            length += len(piece)
            if length > _LONGEST_TEXT:
                raise unreadable(f"the output is over {_LONGEST_TEXT} bytes")
            yield from frames.push(piece)


def vectors(context: Context, form: Form) -> list[str]:
    """The lines below the status of an answer to `vectors`."""
    return _lines(_post(context, "vectors", form, Retry.configured(context)))


def field(lines: list[str], name: str) -> str | None:
    """The value of a line `name=value`, none where no line has it."""
    return next((line[len(name) + 1 :] for line in lines if line.startswith(f"{name}=")), None)


def _post(context: Context, call: str, form: Form, retry: Retry) -> Response:
    headers = [("content-type", "application/x-www-form-urlencoded")]
    if context.traceparent:
        headers.append(("traceparent", context.traceparent))
    url = f"{context.base_url_or(HOST)}/desk/{call}"
    # What stands before the service (a proxy, a gateway) refuses by status.
    response = http.post(url, body=_encoded(form), headers=headers, timeout=context.timeout, retry=retry)
    return response.raise_for_status()


_ENCODED = re.compile(rb"[^A-Za-z0-9_.~ -]")


def _encoded(form: Form) -> bytes:
    """What `urlencode` makes, at a cost that goes by the bytes to encode, not by all of them."""
    return b"&".join(b"=".join(_quoted(text) for text in pair) for pair in form)


def _quoted(text: str) -> bytes:
    return _ENCODED.sub(lambda byte: b"%%%02X" % byte[0][0], text.encode()).replace(b" ", b"+")


def _lines(response: Response) -> list[str]:
    """The lines below the first, which says whether all is well whatever the HTTP status is."""
    try:
        text = response.read(_LONGEST_ANSWER).decode()
    except UnicodeDecodeError:
        raise unreadable("it is not UTF-8") from None
    status, *lines = text.split("\n")
    word, _, rest = status.partition(" ")
    if word == "OK":
        return lines
    if word != "ERR":
        raise unreadable("it begins with neither OK nor ERR")
    code, _, message = rest.partition(" ")
    raise refusal(code, message, field(lines, "wait"))


def _fields(lines: list[str], *names: str) -> list[str]:
    values = [field(lines, name) for name in names]
    if missing := [name for name, value in zip(names, values, strict=True) if not value]:
        raise unreadable(f"it has no {missing[0]}")
    return [value for value in values if value]
