"""Messages out: system prompt, turns, media, tool calls and their results."""

import json
from typing import Any

import pytest
from caisson import (
    Audio,
    Base64Source,
    ErrorKind,
    File,
    IdSource,
    Image,
    Message,
    OtherPart,
    Part,
    Reasoning,
    Role,
    TextPart,
    ToolCall,
    UrlSource,
)
from exchange import ask, refused, sent

EPHEMERAL = '{"type":"ephemeral"}'


def result(identifier: str, content: Any) -> Message:
    return Message(Role.TOOL, content, tool_call_id=identifier)


def sent_parts(*parts: Part) -> Any:
    """The content of the only turn of a request with these parts."""
    return sent(ask(Message.user(list(parts))))["messages"][0]["content"]


def test_one_plain_message_goes_out_as_strings() -> None:
    assert sent(ask(Message.system("Be brief."), Message.user("Ahoy?"))) == {
        "model": "claude-sonnet-5-5",
        "max_tokens": 4096,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Ahoy?"}],
    }


def test_system_and_developer_messages_are_hoisted_with_their_cache_marks() -> None:
    law = Message.system([TextPart("Law.", {"cache_control": EPHEMERAL})])
    body = sent(ask(law, Message.user("Ahoy?"), Message(Role.DEVELOPER, "Be brief.")))
    assert body["system"] == [
        {"type": "text", "text": "Law.", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "Be brief."},
    ]
    assert len(body["messages"]) == 1


def test_neighbours_of_one_speaker_become_one_turn() -> None:
    body = sent(
        ask(
            Message.user("One."),
            Message.user(""),
            Message.user("Two."),
            Message.assistant("Aye."),
            Message.assistant("Aye aye."),
            Message.assistant(""),
            Message.user("Three."),
        )
    )
    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Aye."}, {"type": "text", "text": "Aye aye."}]},
        {"role": "user", "content": "Three."},
    ]


def test_tool_results_and_the_words_after_them_are_one_user_turn() -> None:
    calls = Message.assistant("Looking.")
    calls.tool_calls = [
        ToolCall("call_1", "tide", '{"port":"Brest", "n":1.50}'),
        ToolCall("functions.tide:2", "tide", " "),
    ]
    failed = result("functions.tide:2", "no such port")
    failed.extra = {"is_error": "true", "unknown": "1"}
    asked = ask(Message.user("Tides?"), calls, result("call_1", "06:12"), failed, Message.user("Well?"))
    turns = sent(asked)["messages"]
    assert turns[1]["content"] == [
        {"type": "text", "text": "Looking."},
        {"type": "tool_use", "id": "call_1", "name": "tide", "input": {"port": "Brest", "n": 1.5}},
        {"type": "tool_use", "id": "functions_tide_2", "name": "tide", "input": {}},
    ]
    assert turns[2]["content"] == [
        {"type": "tool_result", "tool_use_id": "call_1", "content": "06:12"},
        {"type": "tool_result", "tool_use_id": "functions_tide_2", "content": "no such port", "is_error": True},
        {"type": "text", "text": "Well?"},
    ]


def test_a_tool_result_can_hold_an_image() -> None:
    shot = result("call_1", [Image(Base64Source("iVBORw0K"), "image/png")])
    content = sent(ask(Message.user("Look."), shot))["messages"][0]["content"][1]["content"]
    assert content == [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0K"}}]


@pytest.mark.parametrize("arguments", ['{"port":', "[1]", '"Brest"', "7", "{} {}", '{"a":NaN}', '{"a":' * 5000])
def test_arguments_that_are_no_object_are_refused_with_their_place(arguments: str) -> None:
    message = Message.assistant("")
    message.tool_calls = [ToolCall("a", "tide"), ToolCall("b", "tide", arguments)]
    error = refused(ask(Message.user("Tides?"), message))
    assert error.kind is ErrorKind.INVALID_REQUEST
    assert error.param == "messages[1].tool_calls[1].function.arguments"


def test_a_free_text_call_is_wrapped_in_an_object() -> None:
    message = Message.assistant("")
    message.tool_calls = [ToolCall("a", "tide", "SELECT 1", kind="custom")]
    assert sent(ask(Message.user("Go."), message))["messages"][1]["content"][0]["input"] == {"input": "SELECT 1"}


def test_a_call_that_a_client_folded_from_a_stream_goes_back_without_the_clients_own_fields() -> None:
    message = Message.assistant("")
    extra = {"index": "0", "function": '{"parsed_arguments":{"port":"Brest"}}', "cache_control": EPHEMERAL}
    message.tool_calls = [ToolCall("a", "tide", '{"port":"Brest"}', extra=extra)]
    assert sent(ask(Message.user("Tides?"), message))["messages"][1]["content"][0] == {
        "type": "tool_use",
        "id": "a",
        "name": "tide",
        "input": {"port": "Brest"},
        "cache_control": {"type": "ephemeral"},
    }


def test_a_tool_result_without_its_call_is_refused() -> None:
    assert refused(ask(Message.user("?"), Message(Role.TOOL, "06:12"))).param == "messages[1].tool_call_id"


def test_signed_thinking_opens_the_turn_and_unsigned_thinking_stays_home() -> None:
    message = Message.assistant("Aye.")
    message.reasoning = [
        Reasoning("Hm.", "EqQB"),
        Reasoning("", "EmwK", redacted=True),
        Reasoning("Another model's."),
    ]
    message.tool_calls = [ToolCall("call_1", "tide")]
    assert sent(ask(Message.user("?"), message, result("call_1", "1")))["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"},
        {"type": "redacted_thinking", "data": "EmwK"},
        {"type": "text", "text": "Aye."},
        {"type": "tool_use", "id": "call_1", "name": "tide", "input": {}},
    ]


def test_kept_content_goes_back_as_the_provider_wrote_it() -> None:
    blocks = '[{"type":"server_tool_use","id":"s","name":"web_search","input":{"q":1.0}}]'
    message = Message.assistant("Aye.")
    message.tool_calls = [ToolCall("call_1", "tide")]
    message.extra = {"anthropic_content": blocks, "cache_control": EPHEMERAL}
    assert sent(ask(Message.user("?"), message))["messages"][1]["content"] == json.loads(blocks)
    for broken in ("{}", "[1]", "["):
        message.extra = {"anthropic_content": broken}
        assert refused(ask(Message.user("?"), message)).param == "messages[1].anthropic_content"


def test_images_go_out_from_every_source() -> None:
    content = sent_parts(
        Image(UrlSource("https://x.example/a.png"), extra={"cache_control": EPHEMERAL}),
        Image(Base64Source("/9j/"), "image/jpg"),
        Image(IdSource("file_1")),
        TextPart(""),
    )
    assert content == [
        {
            "type": "image",
            "source": {"type": "url", "url": "https://x.example/a.png"},
            "cache_control": {"type": "ephemeral"},
        },
        {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "/9j/"}},
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
    ]


def test_files_become_documents() -> None:
    chart = File(Base64Source("JVBERi0="), "application/pdf", "chart.pdf", extra={"citations": '{"enabled":true}'})
    content = sent_parts(
        chart,
        File(Base64Source("R3LDvMOf"), "text/markdown"),
        File(IdSource("file_2")),
        File(Base64Source("iVBORw0K"), "image/png"),
    )
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
    assert content == [
        {"type": "document", "title": "chart.pdf", "citations": {"enabled": True}, "source": pdf},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Grüß"}},
        {"type": "document", "source": {"type": "file", "file_id": "file_2"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0K"}},
    ]


@pytest.mark.parametrize(
    ("part", "kind", "place"),
    [
        (Image(Base64Source("AAAA")), ErrorKind.INVALID_REQUEST, ".image_url.url"),
        (Audio(Base64Source("AAAA"), "audio/wav"), ErrorKind.UNSUPPORTED, ""),
        (File(Base64Source("AAAA"), "video/mp4"), ErrorKind.UNSUPPORTED, ".file"),
        (File(Base64Source("//8="), "text/plain"), ErrorKind.INVALID_REQUEST, ".file.file_data"),
        (File(Base64Source("ü"), "text/plain"), ErrorKind.INVALID_REQUEST, ".file.file_data"),
    ],
)
def test_media_that_anthropic_cannot_take_is_refused_with_its_place(part: Part, kind: ErrorKind, place: str) -> None:
    error = refused(ask(Message.user([TextPart("See:"), part])))
    assert (error.kind, error.param) == (kind, f"messages[0].content[1]{place}")


def test_parts_without_a_name_in_the_contract_go_through() -> None:
    part = '{"type":"search_result","source":"log","title":"Log","content":[]}'
    assert sent_parts(OtherPart(part)) == [json.loads(part)]


def test_a_cache_mark_beside_a_message_marks_its_last_block() -> None:
    message = Message.user("Long story.")
    message.extra = {"cache_control": '{"type":"ephemeral","ttl":"1h"}', "other": "1"}
    assert sent(ask(message))["messages"][0]["content"] == [
        {"type": "text", "text": "Long story.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    ]


def test_a_conversation_without_content_is_refused() -> None:
    error = refused(ask(Message.system("Be brief."), Message.user("")))
    assert (error.kind, error.param) == (ErrorKind.INVALID_REQUEST, "messages")
