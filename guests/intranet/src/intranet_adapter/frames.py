"""The frames of a job's output, cut out of bytes that come in any pieces: one letter, four bytes of length (the highest
first), the payload. Holds at most one unfinished frame. What an end means to a client is `conversions`'."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from intranet_adapter.refusals import refusal, unreadable

_HEAD = 5
LONGEST = 1 << 20
"""A frame's longest payload, in bytes."""


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of the text."""

    text: str


@dataclass(frozen=True, slots=True)
class End:
    """The trailer: the counts of the job, and why it ended."""

    fields: dict[str, str]


class Frames:
    """The state between two pieces."""

    def __init__(self) -> None:
        self._held = bytearray()
        # Frames are cut by size, so a character may lie in two of them.
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def push(self, piece: bytes) -> Iterator[Words | End]:
        """The frames that the piece completes. Nothing is read after an end; a failed job raises."""
        self._held += piece
        at = 0
        try:
            while len(self._held) - at >= _HEAD:
                length = int.from_bytes(self._held[at + 1 : at + _HEAD])
                if length > LONGEST:
                    raise unreadable(f"a frame of {length} bytes, over {LONGEST}")
                if len(self._held) - at - _HEAD < length:
                    return
                kind = chr(self._held[at])
                payload = bytes(self._held[at + _HEAD : at + _HEAD + length])
                at += _HEAD + length
                if (frame := self._read(kind, payload)) is not None:
                    yield frame
        finally:
            del self._held[:at]

    def _read(self, kind: str, payload: bytes) -> Words | End | None:
        try:
            match kind:
                case "T":
                    text = self._decoder.decode(payload)
                    return Words(text) if text else None
                case "Z":
                    # An end in the middle of a character.
                    self._decoder.decode(b"", final=True)
                    pairs = (pair.partition("=") for pair in payload.decode().split())
                    return End({name: value for name, _, value in pairs})
                case "E":
                    code, _, message = payload.decode().partition(" ")
                    raise refusal(code, message)
                case _:
                    # The place in the queue (Q), and whatever later versions say beside the words.
                    return None
        except UnicodeDecodeError:
            raise unreadable(f"a frame {kind!r} is not UTF-8") from None
