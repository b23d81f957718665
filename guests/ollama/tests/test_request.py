"""Requests out: messages, media, tool calls and their results, tools, formats, thinking, options, settings."""

from typing import Any

import pytest
from caisson import (
    AdapterError,
    Audio,
    Base64Source,
    ErrorKind,
    File,
    IdSource,
    Image,
    JsonSchema,
    Message,
    NamedTool,
    OtherChoice,
    OtherFormat,
    OtherPart,
    Part,
    Reasoning,
    Role,
    TextPart,
    Tool,
    ToolCall,
    UrlSource,
)
from caisson.testing import Upstream, context
from exchange import ask, exchange, refused, request, sent

from ollama_adapter import Ollama


def calling(*calls: ToolCall) -> Message:
    message = Message.assistant(None)
    message.tool_calls = list(calls)
    return message


def test_a_plain_request_says_no_more_than_it_must() -> None:
    asked = exchange(ask(Message.system("Be brief."), Message(Role.DEVELOPER, "Be kind."), Message.user("Ahoy?")))
    assert (asked.method, asked.url) == ("POST", "http://localhost:11434/api/chat")
    assert asked.headers == [("content-type", "application/json")]
    assert asked.json() == {
        "model": "qwen3:8b",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Ahoy?"},
        ],
        "stream": False,
    }


def test_parts_become_one_text_with_the_images_beside_it() -> None:
    parts: list[Part] = [
        TextPart("What is this?"),
        Image(Base64Source("iVBORw0K"), "image/png"),
        File(Base64Source("/9j/"), "image/jpeg"),
        TextPart("Be exact."),
    ]
    assert sent(ask(Message.user(parts)))["messages"] == [
        {"role": "user", "content": "What is this?\nBe exact.", "images": ["iVBORw0K", "/9j/"]}
    ]


@pytest.mark.parametrize(
    ("part", "place"),
    [
        (Image(UrlSource("https://x.example/a.png")), ".image_url"),
        (Image(IdSource("file_1")), ".image_url"),
        (File(Base64Source("JVBERi0="), "application/pdf"), ".file"),
        (Audio(Base64Source("AAAA"), "audio/wav"), ""),
        (OtherPart('{"type":"hologram"}'), ""),
    ],
)
def test_parts_that_ollama_cannot_take_are_refused_with_their_place(part: Part, place: str) -> None:
    error = refused(ask(Message.user([TextPart("See:"), part])))
    assert (error.kind, error.param) == (ErrorKind.UNSUPPORTED, f"messages[0].content[1]{place}")


def test_arguments_go_out_as_objects_and_results_name_their_tool() -> None:
    calls = calling(ToolCall("call_1", "tide", '{"port":"Brest"}'), ToolCall("", "now", " "))
    calls.reasoning = [Reasoning("Two "), Reasoning("calls.")]
    result = Message(Role.TOOL, "06:12", tool_call_id="call_1")
    foreign = Message(Role.TOOL, "noon", tool_call_id="call_9")
    legacy = Message(Role.TOOL, "noon", name="now", extra={"role": '"function"'})
    assert sent(ask(Message.user("?"), calls, result, foreign, legacy))["messages"][1:] == [
        {
            "role": "assistant",
            "content": "",
            "thinking": "Two calls.",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"index": 0, "name": "tide", "arguments": {"port": "Brest"}},
                },
                {"type": "function", "function": {"index": 1, "name": "now", "arguments": {}}},
            ],
        },
        {"role": "tool", "content": "06:12", "tool_name": "tide", "tool_call_id": "call_1"},
        {"role": "tool", "content": "noon", "tool_call_id": "call_9"},
        {"role": "tool", "content": "noon", "tool_name": "now"},
    ]


@pytest.mark.parametrize("arguments", ['{"port":', "[1]", '"Brest"', "7", "{} {}", '{"a":NaN}', '{"a":' * 5000])
def test_arguments_that_are_no_object_are_refused_with_their_place(arguments: str) -> None:
    error = refused(ask(Message.user("?"), calling(ToolCall("a", "tide"), ToolCall("b", "tide", arguments))))
    assert error.kind is ErrorKind.INVALID_REQUEST
    assert error.param == "messages[1].tool_calls[1].function.arguments"


def test_a_free_text_tool_is_refused() -> None:
    assert refused(ask(Message.user("?"), calling(ToolCall("a", "sql", "SELECT 1", kind="custom")))).param == (
        "messages[1].tool_calls[0]"
    )
    assert refused(request(tools=[Tool("tide"), Tool("sql", kind="custom")])).param == "tools[1]"


def test_functions_go_out_with_their_schema() -> None:
    schema = '{"type":"object","properties":{"port":{"type":"string"}}}'
    assert sent(request(tools=[Tool("tide", "Tide tables", schema, strict=True), Tool("now")]))["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "tide",
                "description": "Tide tables",
                "parameters": {"type": "object", "properties": {"port": {"type": "string"}}},
            },
        },
        {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}},
    ]
    assert refused(request(tools=[Tool("tide", parameters="[]")])).param == "tools[0].function.parameters"


def test_a_model_may_be_kept_from_calling_but_not_made_to() -> None:
    assert "tools" in sent(request(tools=[Tool("now")], tool_choice="auto"))
    assert "tools" not in sent(request(tools=[Tool("now")], tool_choice="none"))
    forced: list[Any] = ["required", NamedTool("now"), OtherChoice('{"type":"allowed_tools"}')]
    for choice in forced:
        error = refused(request(tools=[Tool("now")], tool_choice=choice))
        assert (error.kind, error.param) == (ErrorKind.UNSUPPORTED, "tool_choice")


def test_json_and_schemas_are_formats() -> None:
    assert sent(request(response_format="json_object"))["format"] == "json"
    named = JsonSchema('{"name":"x","strict":true,"schema":{"type":"object"}}')
    assert sent(request(response_format=named, extra={"format": '"json"'}))["format"] == {"type": "object"}
    assert sent(request(extra={"format": '"json"'}))["format"] == "json"
    assert "format" not in sent(request(response_format="text"))
    for broken in ("{}", "[", '{"schema":"x"}'):
        assert refused(request(response_format=JsonSchema(broken))).param == "response_format.json_schema"
    assert refused(request(response_format=OtherFormat('{"type":"grammar"}'))).param == "response_format"


@pytest.mark.parametrize(
    ("effort", "think"),
    [("none", False), ("minimal", "low"), ("low", "low"), ("medium", "medium"), ("high", "high"), ("xhigh", "max")],
)
def test_effort_becomes_a_level_of_thinking(effort: str, think: Any) -> None:
    assert sent(request(reasoning_effort=effort))["think"] == think


def test_the_clients_own_think_wins() -> None:
    assert sent(request(reasoning_effort="high", extra={"think": "false"}))["think"] is False
    assert "think" not in sent(request())


def test_sampling_becomes_options() -> None:
    asked = request(
        max_tokens=77,
        temperature=0.0,
        top_p=0.5,
        stop=["END"],
        seed=-3,
        frequency_penalty=0.25,
        presence_penalty=1.5,
    )
    assert sent(asked)["options"] == {
        "num_predict": 77,
        "temperature": 0.0,
        "top_p": 0.5,
        "stop": ["END"],
        "seed": -3,
        "frequency_penalty": 0.25,
        "presence_penalty": 1.5,
    }


def test_the_closest_word_decides_an_option() -> None:
    extra = {"top_k": "5", "num_ctx": "8192", "options": '{"num_ctx":32768,"temperature":0.1}'}
    body = sent(request(temperature=0.9, extra=extra), context(num_ctx="4096"))
    assert body["options"] == {"num_ctx": 32768, "temperature": 0.1, "top_k": 5}
    assert sent(request(), context(num_ctx="4096"))["options"] == {"num_ctx": 4096}
    assert refused(request(extra={"options": "[]"})).param == "options"


def test_ollamas_own_fields_go_through_and_others_stay_behind() -> None:
    extra = {"keep_alive": '"10m"', "truncate": "false", "store": "true", "stream": "true", "model": '"mine"'}
    body = sent(request(extra=extra, logit_bias={"1": 1.0}, user="id-1", metadata={"order": "7"}))
    assert sorted(body) == ["keep_alive", "messages", "model", "stream", "truncate"]
    assert (body["model"], body["stream"], body["keep_alive"]) == ("qwen3:8b", False, "10m")


def test_log_probabilities_are_asked_for() -> None:
    body = sent(request(logprobs=True, top_logprobs=3))
    assert (body["logprobs"], body["top_logprobs"]) == (True, 3)


def test_more_than_one_choice_is_refused() -> None:
    error = refused(request(n=2))
    assert (error.kind, error.param) == (ErrorKind.UNSUPPORTED, "n")


@pytest.mark.parametrize(("text", "said"), [("10m", "10m"), ("-1", -1), ("300", 300), ("-1s", "-1s")])
def test_a_model_stays_loaded_as_long_as_the_operator_says(text: str, said: Any) -> None:
    assert sent(request(), context(keep_alive=text))["keep_alive"] == said
    assert sent(request(extra={"keep_alive": "0"}), context(keep_alive=text))["keep_alive"] == 0


def test_another_server_and_the_trace_are_heeded() -> None:
    surroundings = context()
    surroundings.base_url = "https://ollama.com"
    surroundings.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    asked = exchange(request(), surroundings)
    assert asked.url == "https://ollama.com/api/chat"
    assert asked.header("traceparent") == surroundings.traceparent


@pytest.mark.parametrize(("setting", "value"), [("num-ctx", "many"), ("num-ctx", "0"), ("max-retries", "often")])
def test_a_setting_that_is_no_number_is_named(setting: str, value: str) -> None:
    with Upstream(), pytest.raises(AdapterError, match=setting) as raised:
        Ollama().complete(context(**{setting: value}), request())
    assert raised.value.kind is ErrorKind.INTERNAL


def test_it_asks_for_one_host_and_needs_no_key() -> None:
    info = Ollama().describe()
    assert (info.name, info.hosts, info.models) == ("ollama", ["http://localhost:11434"], [])
    [slot] = info.credentials
    assert (slot.name, slot.host, slot.required) == ("api-key", "http://localhost:11434", False)
    assert [each.name for each in info.settings] == ["num-ctx", "keep-alive", "max-retries"]
