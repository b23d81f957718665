"""Methods that an adapter wrote with `async def`, run to their end. What this package does inside them waits by
itself, so that they never pause; there is no event loop, and nothing else to await.
"""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Generator, Iterable, Iterator
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
def value(result: Awaitable[T]) -> T: ...
@overload
def value(result: T) -> T: ...
def value(result: Any) -> Any:
    """What a method returned, or its coroutine does."""
    return _finished(result) if isinstance(result, Awaitable) else result


def steps(stream: Iterable[T] | AsyncIterable[T]) -> Iterator[T]:
    """What a stream gives, one by one; a generator is closed with it."""
    if isinstance(stream, AsyncIterable):
        return _each(stream.__aiter__())
    return iter(stream)


def _each(stream: AsyncIterator[T]) -> Iterator[T]:
    try:
        while True:
            try:
                item = _finished(stream.__anext__())
            except StopAsyncIteration:
                return
            yield item
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            _finished(close())


def _finished(awaitable: Awaitable[T]) -> T:
    running: Generator[Any, Any, T] = awaitable.__await__()
    try:
        # A bare pause, such as `asyncio.sleep(0)`, is over at once.
        while running.send(None) is None:
            pass
    except StopIteration as end:
        result: T = end.value
        return result
    running.close()
    raise RuntimeError("it awaits what only an event loop brings, and there is none here: call what waits itself")
