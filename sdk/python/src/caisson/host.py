"""What the host offers beside WASI. Natively the answers come from the `testing` script."""

from caisson import transport


def original_body() -> bytes:
    """The client's request body as it came, for adapters that pass it through. Empty in `describe`."""
    return transport.original_body()


def count_tokens(encoding: str, text: str) -> int | None:
    """Tokens of the text in an encoding (`o200k_base`, `cl100k_base`, …) or for a model's name; None where
    the encoding is unknown."""
    return transport.count_tokens(encoding, text)
