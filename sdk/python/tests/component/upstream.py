"""An upstream on this machine that plays raw bytes: each request gets the pieces under its path, one at a
time, with a pause between two where one is wanted. It checks nothing and keeps what it was sent."""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Piece = bytes | float


@dataclass
class Received:
    """A request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FakeUpstream:
    """Plays `plays[path]`; a function makes the pieces of the request. A float is a pause in seconds."""

    plays: dict[str, Sequence[Piece] | Callable[[Received], Sequence[Piece]]]
    received: list[Received] = field(default_factory=list)
    closed_early: int = 0
    """Connections that the other end closed while there was more to send."""

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        # Closing alone leaves the port open while the thread waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                received = _receive(connection)
                self.received.append(received)
                play = self.plays[received.path.partition("?")[0]]
                for piece in play(received) if callable(play) else play:
                    if isinstance(piece, float):
                        time.sleep(piece)
                    else:
                        connection.sendall(piece)
            except OSError:
                self.closed_early += 1


def _receive(connection: socket.socket) -> Received:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        while not body.endswith(b"0\r\n\r\n"):
            body += _more(connection)
    while len(body) < int(headers.get("content-length", 0)):
        body += _more(connection)
    method, path, _ = first.split(" ")
    return Received(method, path, headers, body)


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionResetError
    return data


def nobody() -> str:
    """A URL that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def answer(body: bytes | str, status: int = 200, kind: str = "application/json", **headers: str) -> list[Piece]:
    """A whole answer in one piece; `_` in a header's name stands for `-`."""
    data = body.encode() if isinstance(body, str) else body
    return [_head(status, kind, headers, f"content-length: {len(data)}") + data]


def streamed(pieces: Sequence[bytes | str | float], kind: str = "text/event-stream", **headers: str) -> list[Piece]:
    """An answer that comes in these chunks."""
    play: list[Piece] = [_head(200, kind, headers, "transfer-encoding: chunked")]
    for piece in pieces:
        if isinstance(piece, float):
            play.append(piece)
        else:
            data = piece.encode() if isinstance(piece, str) else piece
            play.append(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    return [*play, b"0\r\n\r\n"]


def _head(status: int, kind: str, headers: dict[str, str], framing: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", f"content-type: {kind}", framing, "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()
