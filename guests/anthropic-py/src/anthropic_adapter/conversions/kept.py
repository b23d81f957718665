"""The provider's own list of blocks, kept beside the message wherever OpenAI's shape cannot hold it: server
tools, citations, thinking between tool calls. A client that sends the message back sends the list back, and the
provider sees what it wrote.

It decides only *whether* a list must be kept. Lists that OpenAI's shape can hold (thinking, then one text, then
tool calls) are not kept a second time.
"""

from dataclasses import dataclass, field

from caisson import json
from caisson.json import Json

FIELD = "anthropic_content"
"""The message field that holds the list."""

# Past this many bytes a stream's blocks are no longer kept: a caller streams long answers so as not to hold them.
_MOST = 4 << 20

# Where a block stands in a message rebuilt from OpenAI's fields.
_RANKS = {"thinking": 0, "redacted_thinking": 0, "text": 1, "tool_use": 2}

_TEXTS = ("text", "thinking", "signature", "data", "id", "name")


def is_readable(block: Json) -> bool:
    """Whether the block's known fields are of the known types; a kind invented later may differ."""
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        return False
    return all(isinstance(block.get(name), (str, type(None))) for name in _TEXTS)


class Shape:
    """Watches the order of blocks for one that OpenAI's shape cannot hold."""

    def __init__(self) -> None:
        self.lossy = False
        """Whether something of the answer is only in the list."""
        self._last = 0

    def see(self, block: Json) -> None:
        rank = _RANKS.get(str(block.get("type"))) if isinstance(block, dict) and is_readable(block) else None
        if rank is None or not isinstance(block, dict):
            self.lossy = True
            return
        second_text = rank == self._last == _RANKS["text"]
        # An empty list of citations says nothing.
        self.lossy |= rank < self._last or second_text or bool(block.get("citations"))
        self._last = rank


@dataclass
class _Block:
    index: int
    start: Json
    texts: dict[str, list[str]] = field(default_factory=dict)
    citations: list[Json] = field(default_factory=list)

    def whole(self) -> Json:
        """As a whole answer would hold it. ValueError where the pieces make none."""
        if not isinstance(self.start, dict):
            raise ValueError("a block is an object")
        block = dict(self.start)
        for name, pieces in self.texts.items():
            if name == "partial_json":
                block["input"] = json.loads("".join(pieces))
            else:
                block[name] = (json.text(block, name) or "") + "".join(pieces)
        if self.citations:
            begun = block.get("citations")
            block["citations"] = [*(begun if isinstance(begun, list) else []), *self.citations]
        return block


class Recorder:
    """A stream's blocks, put together again as a whole answer would hold them."""

    def __init__(self) -> None:
        self._shape = Shape()
        self._blocks: list[_Block] = []
        self._bytes = 0

    def start(self, index: int, block: Json, size: int) -> None:
        """`size` is what the block took on the wire."""
        self._shape.see(block)
        if self._has_room(size):
            self._blocks.append(_Block(index, block))

    def delta(self, index: int, delta: dict[str, Json], size: int) -> None:
        citation = delta.get("citation")
        if citation is not None:
            self._shape.lossy = True
        if not self._has_room(size):
            return
        block = next((block for block in reversed(self._blocks) if block.index == index), None)
        if block is None:
            return
        for name in ("text", "thinking", "signature", "partial_json"):
            if piece := json.text(delta, name):
                block.texts.setdefault(name, []).append(piece)
        if citation is not None:
            block.citations.append(citation)

    def finish(self) -> str | None:
        """The list as JSON, if it says more than the events did."""
        if not self._shape.lossy or self._bytes > _MOST:
            return None
        try:
            return json.dumps([block.whole() for block in self._blocks])
        except ValueError:
            return None

    def _has_room(self, size: int) -> bool:
        self._bytes += size
        if self._bytes > _MOST:
            self._blocks = []
        return self._bytes <= _MOST
