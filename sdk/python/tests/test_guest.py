"""What goes in and out of a component, on the generated bindings alone: nothing here runs Wasm."""

from collections.abc import Iterator
from typing import Any, cast, get_args

import pytest
from componentize_py_types import Err
from wit_world.imports import api as wit

from caisson import (
    Adapter,
    AdapterError,
    AdapterInfo,
    Audio,
    Base64Source,
    ChatAnswer,
    ChatRequest,
    Choice,
    Context,
    EmbedRequest,
    EmbedResponse,
    Event,
    File,
    Finish,
    IdSource,
    Image,
    LogprobsDelta,
    Message,
    NamedTool,
    OtherDelta,
    OtherPart,
    Raw,
    Reasoning,
    ReasoningDelta,
    RefusalDelta,
    RefusalPart,
    Role,
    Step,
    StreamStart,
    TextDelta,
    TextPart,
    TokenLogprob,
    ToolCall,
    ToolDelta,
    TopLogprob,
    UrlSource,
    Usage,
)
from caisson.guest import lift, lower, lower_events
from caisson.guest.checks import Unfit
from caisson.guest.component import component

CONTEXT = wit.Context("id", None, "http://b", [("a", "1")], [("X-A", "2")], 5000)


def request(**fields: Any) -> wit.ChatRequest:
    values = dict.fromkeys(wit.ChatRequest.__dataclass_fields__)
    lists = ("messages", "tools", "stop", "logit_bias", "modalities", "metadata", "extra")
    return wit.ChatRequest(
        **cast(Any, values | {name: [] for name in lists} | {"model": "m", "n": 1, "logprobs": False} | fields)
    )


class Bare(Adapter):
    def describe(self) -> AdapterInfo:
        return AdapterInfo("bare", "0")


class Streaming(Bare):
    def __init__(self, *steps: Any) -> None:
        self.steps = steps

    def stream(self, context: Context, request: ChatRequest) -> Iterator[Step]:
        for step in self.steps:
            if isinstance(step, BaseException):
                raise step
            yield step


def provider(adapter: type[Adapter]) -> Any:
    return cast(Any, component(adapter)[0])()


def events_of(*steps: Any) -> Iterator[Any]:
    """The batches of a stream of these steps."""

    class Given(Streaming):
        def __init__(self) -> None:
            super().__init__(*steps)

    events = provider(Given).open_stream(CONTEXT, request())
    return iter(events.next, None)


def test_what_an_adapter_lacks_is_unsupported() -> None:
    bare = provider(Bare)
    embed = wit.EmbedRequest("m", wit.EmbedInput_Texts(["a"]), None, None, [])
    for method, asked in (("complete", request()), ("open_stream", request()), ("embed", embed)):
        with pytest.raises(Err) as raised:
            getattr(bare, method)(CONTEXT, asked)
        assert raised.value.value.kind is wit.ErrorKind.UNSUPPORTED


def test_a_mistake_in_describe_fails_the_build() -> None:
    class Mute(Adapter):
        pass

    class Odd(Adapter):
        def describe(self) -> AdapterInfo:
            return AdapterInfo("odd", cast(str, 1))

    with pytest.raises(NotImplementedError, match="Mute has no describe"):
        component(Mute)
    with pytest.raises(Unfit, match="version must be text"):
        component(Odd)
    with pytest.raises(TypeError, match="no class derived from"):
        component(cast(Any, Bare()))


def test_every_field_of_a_request_arrives() -> None:
    media = wit.Media(wit.Source_Url("u"), "image/png", "f", "low", [("a", "1")])
    parts: list[wit.Part] = [
        wit.Part_Text(wit.TextPart("t", [("b", "2")])),
        wit.Part_Image(media),
        wit.Part_Audio(wit.Media(wit.Source_Base64("d"), None, None, None, [])),
        wit.Part_File(wit.Media(wit.Source_Id("i"), None, None, None, [])),
        wit.Part_Refusal(wit.TextPart("r", [])),
        wit.Part_Reasoning(wit.Reasoning("x", "s", False)),
        wit.Part_Other("{}"),
    ]
    call = wit.ToolCall("id", "function", "n", "{}", [])
    message = wit.Message(wit.Role.ASSISTANT, "n", wit.Content_Parts(parts), "no", [], [call], None, [("c", "3")])
    lifted = lift.chat_request(
        request(
            messages=[message], tool_choice=wit.ToolChoice_Named("t"), response_format=wit.ResponseFormat_JsonObject()
        )
    )
    assert (lifted.tool_choice, lifted.response_format) == (NamedTool("t"), "json_object")
    assert lifted.messages == [
        Message(
            Role.ASSISTANT,
            [
                TextPart("t", {"b": "2"}),
                Image(UrlSource("u"), "image/png", "f", "low", {"a": "1"}),
                Audio(Base64Source("d")),
                File(IdSource("i")),
                RefusalPart("r"),
                Reasoning("x", "s"),
                OtherPart("{}"),
            ],
            name="n",
            refusal="no",
            tool_calls=[ToolCall("id", "n")],
            extra={"c": "3"},
        )
    ]
    context = lift.context(CONTEXT)
    assert (context.base_url_or("x"), context.settings, context.header("x-a"), context.timeout) == (
        "http://b",
        {"a": "1"},
        "2",
        5,
    )


def test_a_message_goes_out_as_it_came_in() -> None:
    parts: list[wit.Part] = [wit.Part_Image(wit.Media(wit.Source_Id("i"), None, None, None, [])), wit.Part_Other("{}")]
    message = wit.Message(
        wit.Role.ASSISTANT, None, wit.Content_Parts(parts), None, [wit.Reasoning("a", None, False)], [], None, []
    )
    answer = lower.chat_response(ChatAnswer([Choice(lift.chat_request(request(messages=[message])).messages[0])]))
    assert isinstance(answer, wit.ChatResponse_Answer)
    assert answer.value.choices[0].message == message


def test_strings_and_lists_stand_for_the_answers_that_they_mean() -> None:
    answer = lower.chat_response("hello")
    assert isinstance(answer, wit.ChatResponse_Answer)
    assert answer.value.choices[0].message.content == wit.Content_Text("hello")
    assert lower.chat_response(Raw("{}")) == wit.ChatResponse_Raw("{}")
    assert lower.embed_response([[1, 2.5]]).vectors == [[1.0, 2.5]]
    assert [type(each).__name__ for each in lower_events.events(["a", Finish()])] == ["Event_Text", "Event_Finish"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "what complete() returns must be a ChatAnswer"),
        (ChatAnswer(cast(Any, None)), "choices must be a list, not None"),
        (ChatAnswer([cast(Any, "text")]), "choices[0] must be a Choice"),
        (ChatAnswer([Choice(cast(Any, "text"))]), "choices[0].message must be a Message"),
        (ChatAnswer([Choice(Message(cast(Any, "bot")))]), "choices[0].message.role must be a Role"),
        (ChatAnswer([Choice(Message.assistant(""), cast(Any, None))]), "finish_reason must be text, not None"),
        (ChatAnswer([Choice(Message.assistant(""), index=-1)]), "index must be a whole number from 0, not -1"),
        (ChatAnswer([Choice(Message.assistant(""), extra=cast(Any, {"a": 1}))]), "choices[0].extra['a'] must be text"),
        (ChatAnswer([Choice(Message.assistant(cast(Any, [7])))]), "content[0] must be a part"),
        (ChatAnswer([], usage=Usage(cast(Any, 1.5))), "usage.input must be a whole number"),
        (ChatAnswer([], usage=cast(Any, {})), "usage must be a Usage"),
    ],
)
def test_a_value_of_another_type_names_its_place(answer: Any, said: str) -> None:
    with pytest.raises(Unfit) as raised:
        lower.chat_response(answer)
    assert said in str(raised.value)


def test_vectors_of_anything_but_numbers_name_their_place() -> None:
    for vectors in ([["a"]], [None], [[1j]]):
        with pytest.raises(Unfit, match=r"vectors\[0\]"):
            lower.embed_response(EmbedResponse(cast(Any, vectors)))


def test_every_event_has_its_counterpart() -> None:
    token = TokenLogprob("a", -0.5, b"a", [TopLogprob("b", -1)])
    events: list[Event | str] = [
        StreamStart("id"),
        TextDelta("t"),
        RefusalDelta("r", 1),
        ReasoningDelta("x", "s"),
        ToolDelta(0, "{}"),
        LogprobsDelta([token]),
        Finish("eos"),
        Usage(1, 2),
        OtherDelta({"a": "1"}),
        Raw("{}"),
    ]
    lowered = lower_events.events(events)
    assert [type(each) for each in lowered] == list(get_args(wit.Event))
    assert lowered[6] == wit.Event_Finish(wit.Finish(0, wit.FinishReason_Other("eos")))
    assert lowered[5] == wit.Event_Logprobs(
        wit.LogprobsDelta(0, [wit.TokenLogprob("a", -0.5, b"a", [wit.TopLogprob("b", -1.0, None)])])
    )


def test_an_error_is_lowered_whatever_its_fields_hold() -> None:
    odd = AdapterError(
        cast(Any, "429"), cast(Any, 7), kind=cast(Any, "x"), code=cast(Any, 1), retry_after_ms=cast(Any, float("nan"))
    )
    lowered = lower.error(odd)
    assert (lowered.kind, lowered.message, lowered.status, lowered.code) == (wit.ErrorKind.INTERNAL, "7", None, "1")
    assert lowered.retry_after_ms is None
    assert lower.error(AdapterError(7, "\ud83d", retry_after_ms=-5)).message == "\ufffd"
    assert lower.error(AdapterError(500, "m", retry_after_ms=2**40)).retry_after_ms == 2**32 - 1


def test_a_stream_gives_a_batch_for_each_yield_and_ends() -> None:
    assert [len(batch) for batch in events_of([], "a", [TextDelta("b"), Finish()])] == [0, 1, 2]
    assert list(events_of()) == []


def test_what_fails_before_the_first_yield_fails_the_call() -> None:
    with pytest.raises(Err) as raised:
        events_of(AdapterError(429, "slow"))
    assert (raised.value.value.kind, raised.value.value.status) == (wit.ErrorKind.RATE_LIMITED, 429)


def test_what_fails_later_fails_the_batch_and_ends_the_stream() -> None:
    for failure in (ValueError("bug"), SystemExit(1), 7):
        events = events_of("a", failure, "b")
        assert len(next(events)) == 1
        with pytest.raises(Err) as raised:
            next(events)
        assert raised.value.value.kind is wit.ErrorKind.INTERNAL
        assert next(events, None) is None


def test_an_unexpected_exception_says_where_it_happened() -> None:
    class Broken(Bare):
        def complete(self, context: Context, request: ChatRequest) -> str:
            return cast(dict[str, str], {})["choices"]

        def embed(self, context: Context, request: EmbedRequest) -> list[list[float]]:
            import no_such_module  # type: ignore[import-not-found]

            return cast(list[list[float]], no_such_module)

    broken = provider(Broken)
    with pytest.raises(Err) as raised:
        broken.complete(CONTEXT, request())
    assert "the adapter failed in complete (test_guest.py:" in raised.value.value.message
    assert "KeyError: 'choices'" in raised.value.value.message
    with pytest.raises(Err) as raised:
        broken.embed(CONTEXT, wit.EmbedRequest("m", wit.EmbedInput_Texts(["a"]), None, None, []))
    assert "a component has no files" in raised.value.value.message
