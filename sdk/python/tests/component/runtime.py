"""A `caisson serve` in a temporary folder, and a client for it that keeps to the standard library."""

import http.client
import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ADMIN_KEY = "an-admin-key-for-tests-only"


@dataclass
class Reply:
    """What a client got."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Runtime:
    """The binary `caisson`, serving."""

    binary: Path
    folder: Path
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / "serve.log"
        self._environment = {**os.environ, "CAISSON_ADMIN_KEY": _ADMIN_KEY}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [self.binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", self.folder / "data"],
                stdout=log,
                stderr=log,
                env=self._environment,
            )
        self._address = self._wait_for_address()

    def push(self, component: Path, name: str, *options: str) -> str:
        """Deploys a component; what the command printed."""
        command = [str(self.binary), "push", str(component), "--name", name, "--allow-async", *options]
        command += ["--url", f"http://{self._address}"]
        ran = subprocess.run(command, capture_output=True, text=True, env=self._environment)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout + ran.stderr

    def ask(self, model: str, **fields: object) -> Reply:
        """A whole chat answer."""
        body = {"model": model, "messages": [{"role": "user", "content": "Ahoy?"}], **fields}
        return self.post("/v1/chat/completions", body)

    def stream(self, model: str, **fields: object) -> Iterator[tuple[float, dict[str, Any]]]:
        """The chunks of a streamed answer, each with the moment of its arrival."""
        body = {"model": model, "messages": [{"role": "user", "content": "Ahoy?"}], "stream": True, **fields}
        connection = self._connection()
        connection.request("POST", "/v1/chat/completions", json.dumps(body), _JSON)
        response = connection.getresponse()
        assert response.status == 200, response.read()
        while line := response.readline():
            if line.startswith(b"data: {"):
                yield time.monotonic(), json.loads(line[6:])
        connection.close()

    def post(self, path: str, body: object) -> Reply:
        connection = self._connection()
        connection.request("POST", path, json.dumps(body), _JSON)
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, json.loads(data))

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes."""
        return f"http://{self._address}/v1"

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address, timeout=60)

    def _wait_for_address(self) -> str:
        marker = "caisson serves http://"
        for _ in range(200):
            text = self.log.read_text()
            if marker in text:
                return text.partition(marker)[2].partition("/")[0]
            time.sleep(0.05)
        raise AssertionError(f"caisson serve said no address: {self.log.read_text()}")


_JSON = {"content-type": "application/json"}


def text_of(chunks: Iterator[tuple[float, dict[str, Any]]]) -> str:
    """The text of a streamed answer."""
    parts = (choice["delta"].get("content") or "" for _, chunk in chunks for choice in chunk.get("choices", ()))
    return "".join(parts)
