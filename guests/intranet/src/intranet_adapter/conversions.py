"""Requests → forms, and what comes back → the contract's answers. Pure. What has no counterpart is left out as the
README lists, or refused where leaving it out would change what the client gets back."""

import base64
import binascii
import math
import struct

from caisson import AdapterError, ChatRequest, EmbedRequest, EmbedResponse, Message, Role, TextPart, Usage

from intranet_adapter.client import Form, field
from intranet_adapter.frames import End
from intranet_adapter.refusals import unreadable

_SPEAKERS = {Role.SYSTEM: "rules", Role.DEVELOPER: "rules", Role.USER: "asker", Role.ASSISTANT: "desk"}
_ENDS = {"eos": "stop", "mark": "stop", "cap": "length", "policy": "content_filter"}


def chat_form(request: ChatRequest) -> Form:
    if request.tools:
        raise AdapterError.unsupported("tools", "tools")
    if request.n > 1:
        raise AdapterError.unsupported("more than one choice", "n")
    if request.response_format not in (None, "text"):
        raise AdapterError.unsupported("a response format other than text", "response_format")
    form = [("model", request.model)]
    form += [_turn(message, f"messages[{index}]") for index, message in enumerate(request.messages)]
    if request.max_tokens is not None:
        form.append(("cap", str(request.max_tokens)))
    if request.temperature is not None:
        # The service's heat is in hundredths.
        form.append(("heat", str(round(request.temperature * 100))))
    return form + [("mark", each) for each in request.stop]


def embed_form(request: EmbedRequest) -> Form:
    if request.dimensions is not None:
        raise AdapterError.unsupported("a length of one's own", "dimensions")
    form = [("model", request.model)]
    for text in request.input:
        if not isinstance(text, str):
            raise AdapterError.unsupported("token ids", "input")
        form.append(("text", text))
    return form


def embed_answer(lines: list[str], wanted: int) -> EmbedResponse:
    blobs = [line.removeprefix("v=") for line in lines if line.startswith("v=")]
    if len(blobs) != wanted:
        raise unreadable(f"it has {len(blobs)} vectors for {wanted} texts")
    return EmbedResponse([_vector(blob) for blob in blobs], Usage(_count(field(lines, "tokens")), 0))


def finish_reason(end: End) -> str:
    reason = end.fields.get("end", "eos")
    return _ENDS.get(reason, reason)


def usage(end: End) -> Usage:
    return Usage(_count(end.fields.get("in")), _count(end.fields.get("out")))


def _turn(message: Message, place: str) -> tuple[str, str]:
    speaker = _SPEAKERS.get(message.role)
    if speaker is None or message.tool_calls:
        raise AdapterError.unsupported("tools", place)
    if not isinstance(message.content, str):
        for index, part in enumerate(message.content or ()):
            if not isinstance(part, TextPart):
                raise AdapterError.unsupported("a part that is not text", f"{place}.content[{index}]")
    return "turn", f"{speaker}:{message.text}"


def _vector(blob: str) -> list[float]:
    try:
        data = base64.b64decode(blob, validate=True)
        numbers = list(struct.unpack(f"<{len(data) // 4}f", data))
    except (binascii.Error, ValueError, struct.error):
        raise unreadable("a vector is not base64 of whole numbers of four bytes") from None
    if not numbers or not all(map(math.isfinite, numbers)):
        raise unreadable("a vector is empty or has a number that is none")
    return numbers


def _count(text: str | None) -> int:
    if text is None or not (text.isascii() and text.isdigit() and len(text) < 16):
        raise unreadable("a count of tokens is missing or no number")
    return int(text)
