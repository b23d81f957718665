"""The exported classes of a component in the world `adapter`, made of an adapter. It decides nothing."""

from wit_world import exports
from wit_world.exports import provider
from wit_world.imports import api as wit

from caisson.adapter import Adapter
from caisson.guest.calls import Batches, Calls


def component(adapter: type[Adapter]) -> tuple[type[exports.Provider], type[provider.Events]]:
    """The classes `Provider` and `Events` for the module that the component is built of."""
    calls = Calls(adapter)

    class Provider(exports.Provider):
        def describe(self) -> wit.AdapterInfo:
            return calls.described

        def complete(self, context: wit.Context, request: wit.ChatRequest) -> wit.ChatResponse:
            return calls.complete(context, request)

        def open_stream(self, context: wit.Context, request: wit.ChatRequest) -> provider.Events:
            return Events(calls.stream(context, request))

        def embed(self, context: wit.Context, request: wit.EmbedRequest) -> wit.EmbedResponse:
            return calls.embed(context, request)

    return Provider, Events


class Events(provider.Events):
    """One streamed answer being read."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches

    def next(self) -> list[wit.Event] | None:
        return self._batches.next()
