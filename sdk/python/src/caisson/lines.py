"""Bytes that come in any pieces, cut into lines ended by LF, CR or CRLF. Holds at most one unfinished line.
What a line means, and how long one may be, is for `sse` and `ndjson`."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Lines:
    """The state between two pieces."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self.held = 0
        """Bytes of the unfinished line."""
        self._after_cr = False
        self._begun = False

    def push(self, piece: bytes) -> list[bytes]:
        """The lines that the piece completes, without their ends."""
        if not piece:
            return []
        # The last piece ended in CR: an LF that comes now belongs to it.
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
        self._after_cr = False
        lines = piece.splitlines()
        if piece.endswith((b"\n", b"\r")):
            self._after_cr = piece.endswith(b"\r")
            rest = b""
        else:
            rest = lines.pop() if lines else b""
        if lines:
            if self._held:
                self._held.append(lines[0])
                lines[0] = b"".join(self._held)
                self._held, self.held = [], 0
            if not self._begun:
                lines[0] = self._without_mark(lines[0])
        if rest:
            self._held.append(rest)
            self.held += len(rest)
        return lines

    def finish(self) -> bytes | None:
        """The last line, where its end is missing."""
        if not self._held:
            return None
        line = b"".join(self._held)
        self._held, self.held = [], 0
        return line if self._begun else self._without_mark(line)

    def _without_mark(self, line: bytes) -> bytes:
        """Only the very first line may begin with a byte order mark."""
        self._begun = True
        return line.removeprefix(_BYTE_ORDER_MARK)
