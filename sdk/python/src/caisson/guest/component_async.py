"""The exported class of a component in the world `adapter-async`, made of an adapter. It decides nothing.

The adapter's methods block the task that they run in: the instance serves one call.
"""

import componentize_py_async_support
import wit_world
from componentize_py_async_support.futures import FutureReader, FutureWriter
from componentize_py_async_support.streams import StreamReader, StreamWriter
from componentize_py_types import Err, Ok, Result
from wit_world import exports
from wit_world.imports import api as wit

from caisson.adapter import Adapter
from caisson.guest.calls import Batches, Calls

_Stream = tuple[StreamReader[wit.Event], FutureReader[Result[None, wit.Error]]]


def component(adapter: type[Adapter]) -> type[exports.ProviderAsync]:
    """The class `ProviderAsync` for the module that the component is built of."""
    calls = Calls(adapter)

    class ProviderAsync(exports.ProviderAsync):
        def describe(self) -> wit.AdapterInfo:
            return calls.described

        async def complete(self, context: wit.Context, request: wit.ChatRequest) -> wit.ChatResponse:
            return calls.complete(context, request)

        async def open_stream(self, context: wit.Context, request: wit.ChatRequest) -> _Stream:
            batches = calls.stream(context, request)
            writer, events = wit_world.api_event_stream()
            end, result = wit_world.result_unit_api_error_future(lambda: Ok(None))
            componentize_py_async_support.spawn(_relay(batches, writer, end))
            return events, result

        async def embed(self, context: wit.Context, request: wit.EmbedRequest) -> wit.EmbedResponse:
            return calls.embed(context, request)

    return ProviderAsync


async def _relay(batches: Batches, writer: StreamWriter[wit.Event], end: FutureWriter[Result[None, wit.Error]]) -> None:
    """Asks the adapter for more only once the host took what came before."""
    result: Result[None, wit.Error] = Ok(None)
    with writer:
        try:
            while (batch := batches.next()) is not None:
                await writer.write_all(batch)
                if writer.reader_dropped:
                    # Nobody reads any more.
                    batches.close()
                    break
        except Err as error:
            result = error
    await end.write(result)
