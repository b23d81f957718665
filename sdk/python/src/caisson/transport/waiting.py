"""Waits on WASI 0.3 in code that is not asynchronous, as an adapter's is: what the generated bindings give as
coroutines is driven to its end here, and the instance rests meanwhile.

The bindings' own loop waits by returning to the host, which a function that is still running can't. What they
lack for it is one function, which the component brings along (`caisson.native_wait`).
"""

from collections.abc import Coroutine
from contextvars import Context
from typing import Any, Generic, TypeVar

import caisson_wait  # type: ignore[import-not-found]  # is part of the component alone
import componentize_py_runtime as runtime
from componentize_py_async_support import _Event, _FutureState, _set_future_state, _Status

T = TypeVar("T")

_state = _FutureState(None, {}, [], 0)
_context = Context()
_context.run(_set_future_state, _state)
_under_way: list["Task[Any]"] = []


class Task(Generic[T]):
    """A coroutine of the bindings', under way."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._awaited: Any = None
        self.over = False
        self._value: T | None = None
        self._error: BaseException | None = None
        _under_way.append(self)
        self.advance()

    def advance(self) -> None:
        """Goes on as far as it goes without waiting."""
        while not self.over and (self._awaited is None or self._awaited.done()):
            try:
                self._awaited = _context.run(self._coroutine.send, None)
            except StopIteration as end:
                self._value, self.over = end.value, True
            except BaseException as error:
                self._error, self.over = error, True
        if self.over and self in _under_way:
            _under_way.remove(self)

    def result(self) -> T:
        """What it returned or raised; waits for it, and lets go on whatever else is under way."""
        while not self.over:
            wait()
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine of the bindings' to its end."""
    return Task(coroutine).result()


def wait() -> None:
    """Waits for news of anything that is under way."""
    if _state.waitable_set is None:
        raise AssertionError("nothing is under way")
    event, waitable, code = caisson_wait.wait(_state.waitable_set)
    if event == _Event.SUBTASK and code != _Status.RETURNED:
        return
    runtime.waitable_join(waitable, 0)
    if event == _Event.SUBTASK:
        runtime.subtask_drop(waitable)
    _state.futures.pop(waitable).set_result(code)
    for task in list(_under_way):
        task.advance()
