"""Everything of a request but its messages and its thinking: tools, formats, sampling, caps, headers, and the
fields that go through or stay behind."""

import json
from typing import Any

import pytest
from caisson import AdapterError, ErrorKind, JsonSchema, NamedTool, OtherChoice, OtherFormat, Tool, ToolChoice
from caisson.testing import Upstream, context
from exchange import exchange, refused, request, sent

from anthropic_adapter import Anthropic


def sent_tools(*tools: Tool) -> Any:
    return sent(request(tools=list(tools)))["tools"]


def test_functions_become_tools_with_an_input_schema() -> None:
    schema = {"type": "object", "properties": {"port": {"type": "string"}}}
    cached = {"cache_control": '{"type":"ephemeral"}'}
    tide = Tool("tide", "Tide tables", json.dumps(schema), strict=True, extra=cached)
    assert sent_tools(tide, Tool("now", strict=False)) == [
        {
            "name": "tide",
            "description": "Tide tables",
            "input_schema": schema,
            "strict": True,
            "cache_control": {"type": "ephemeral"},
        },
        {"name": "now", "input_schema": {"type": "object"}},
    ]


def test_what_a_client_left_inside_the_function_stands_beside_it() -> None:
    extra = {"function": '{"cache_control":{"type":"ephemeral"}}', "defer_loading": "true"}
    assert sent_tools(Tool("tide", extra=extra)) == [
        {
            "name": "tide",
            "input_schema": {"type": "object"},
            "cache_control": {"type": "ephemeral"},
            "defer_loading": True,
        }
    ]


@pytest.mark.parametrize("parameters", ["{}", " { } ", '{"properties":{}}'])
def test_a_schema_without_a_type_gets_the_one_that_anthropic_wants(parameters: str) -> None:
    assert sent_tools(Tool("now", None, parameters))[0]["input_schema"] == {"type": "object", **json.loads(parameters)}


@pytest.mark.parametrize("parameters", ["{", "[]", "true", ""])
def test_parameters_that_are_no_schema_are_refused_with_their_place(parameters: str) -> None:
    error = refused(request(tools=[Tool("a"), Tool("b", None, parameters)]))
    assert (error.kind, error.param) == (ErrorKind.INVALID_REQUEST, "tools[1].function.parameters")


def test_anthropics_own_tools_go_through_and_free_text_tools_do_not() -> None:
    search = Tool("", kind="web_search_20250305", extra={"name": '"web_search"', "max_uses": "5"})
    assert sent_tools(search) == [{"type": "web_search_20250305", "name": "web_search", "max_uses": 5}]
    error = refused(request(tools=[Tool("sql", kind="custom")]))
    assert (error.kind, error.param) == (ErrorKind.UNSUPPORTED, "tools[0]")


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        (None, None, None),
        ("auto", None, {"type": "auto"}),
        ("none", False, {"type": "none"}),
        ("required", True, {"type": "any"}),
        (NamedTool("tide"), False, {"type": "tool", "name": "tide", "disable_parallel_tool_use": True}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (OtherChoice('{"type":"any","new":1}'), None, {"type": "any", "new": 1}),
    ],
)
def test_tool_choices_have_their_counterparts(choice: ToolChoice | None, parallel: bool | None, expected: Any) -> None:
    body = sent(request(tools=[Tool("tide")], tool_choice=choice, parallel_tool_calls=parallel))
    assert body.get("tool_choice") == expected


def test_without_tools_there_is_no_choice_to_send() -> None:
    assert "tool_choice" not in sent(request(tool_choice="auto", parallel_tool_calls=False))


def test_a_json_schema_is_the_output_format() -> None:
    named = JsonSchema('{"name":"tide","strict":true,"schema":{"type":"object","properties":{}}}')
    body = sent(request(response_format=named, extra={"output_config": '{"effort":"low"}'}))
    assert body["output_config"] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": {"type": "object", "properties": {}}},
    }
    assert refused(request(response_format=JsonSchema("{}"))).param == "response_format.json_schema"
    assert sent(request(response_format=OtherFormat('{"type":"x"}')))["output_config"] == {"format": {"type": "x"}}


@pytest.mark.parametrize("form", ["text", "json_object"])
def test_formats_without_a_counterpart_ask_for_nothing(form: str) -> None:
    assert "output_config" not in sent(request(response_format=form))


def test_sampling_and_stops_are_mapped_and_temperature_is_capped() -> None:
    body = sent(request(max_tokens=77, temperature=1.7, top_p=0.5, stop=["END"]))
    assert (body["max_tokens"], body["temperature"], body["top_p"], body["stop_sequences"]) == (77, 1.0, 0.5, ["END"])
    assert sent(request(temperature=0.2))["temperature"] == 0.2


def test_more_than_one_choice_is_refused() -> None:
    error = refused(request(n=2))
    assert (error.kind, error.param) == (ErrorKind.UNSUPPORTED, "n")


def test_what_has_no_counterpart_is_left_out() -> None:
    body = sent(
        request(
            seed=1,
            frequency_penalty=0.5,
            presence_penalty=0.5,
            logit_bias={"1": 1.0},
            logprobs=True,
            top_logprobs=2,
            modalities=["text"],
            metadata={"order": "7"},
            extra={"store": "true", "prediction": "{}", "stream": "true"},
        )
    )
    assert sorted(body) == ["max_tokens", "messages", "model"]


def test_fields_of_anthropics_own_go_through() -> None:
    extra = {
        "top_k": "5",
        "cache_control": '{"type":"ephemeral"}',
        "container": '"container_1"',
        "mcp_servers": '[{"type":"url","url":"https://mcp.example"}]',
        "invented_next_year": "1.0",
    }
    text = exchange(request(extra=extra)).body.decode()
    for name, value in extra.items():
        assert f'"{name}":{value}' in text


def test_what_the_request_says_itself_no_extra_field_replaces() -> None:
    extra = {
        "max_tokens": "1",
        "system": '"mine"',
        "stop_sequences": '["mine"]',
        "metadata": '{"user_id":"mine"}',
    }
    body = sent(request(extra=extra, stop=["END"]))
    assert (body["max_tokens"], body["system"], body["stop_sequences"]) == (4096, "mine", ["END"])
    assert refused(request(extra={"top_k": "{"})).param == "top_k"


def test_the_end_user_is_named_by_the_closest_field() -> None:
    identifier = {"safety_identifier": '"id-3"'}
    for asked, user_id in (
        (request(metadata={"user_id": "id-1"}, user="id-2", extra=identifier), "id-1"),
        (request(user="id-2", extra=identifier), "id-2"),
        (request(extra=identifier), "id-3"),
    ):
        assert sent(asked)["metadata"] == {"user_id": user_id}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("auto", "auto"),
        ("priority", "auto"),
        ("default", "standard_only"),
        ("standard_only", "standard_only"),
        ("flex", None),
    ],
)
def test_service_tiers_have_their_counterparts(asked: str, expected: str | None) -> None:
    assert sent(request(extra={"service_tier": f'"{asked}"'})).get("service_tier") == expected


def test_the_request_goes_to_the_messages_endpoint_without_a_key() -> None:
    sent_request = exchange(request())
    assert (sent_request.method, sent_request.url) == ("POST", "https://api.anthropic.com/v1/messages")
    assert sent_request.headers == [("anthropic-version", "2023-06-01"), ("content-type", "application/json")]


def test_settings_change_address_headers_and_cap() -> None:
    surroundings = context(
        anthropic_version="2030-01-01", anthropic_beta="context-1m-2025-08-07", default_max_tokens="9000"
    )
    surroundings.base_url = "http://127.0.0.1:9/claude"
    surroundings.headers = [("Anthropic-Beta", "files-api-2025-04-14")]
    surroundings.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    sent_request = exchange(request(), surroundings)
    assert sent_request.url == "http://127.0.0.1:9/claude/v1/messages"
    assert sent_request.header("anthropic-version") == "2030-01-01"
    assert sent_request.header("anthropic-beta") == "context-1m-2025-08-07,files-api-2025-04-14"
    assert sent_request.header("traceparent") == surroundings.traceparent
    assert sent_request.json()["max_tokens"] == 9000


@pytest.mark.parametrize("setting", ["default-max-tokens", "max-retries"])
def test_a_setting_that_is_no_number_is_named(setting: str) -> None:
    with Upstream(), pytest.raises(AdapterError, match=setting) as raised:
        Anthropic().complete(context(**{setting: "many"}), request())
    assert raised.value.kind is ErrorKind.INTERNAL


def test_it_asks_for_one_host_and_one_key() -> None:
    info = Anthropic().describe()
    assert (info.name, info.hosts, info.suites) == ("anthropic-py", ["https://api.anthropic.com"], ["anthropic"])
    [slot] = info.credentials
    assert (slot.name, slot.host, slot.required) == ("api-key", "https://api.anthropic.com", True)
    assert [(each.name, each.default_value) for each in info.settings] == [
        ("anthropic-version", "2023-06-01"),
        ("anthropic-beta", None),
        ("default-max-tokens", "4096"),
        ("max-retries", "0"),
    ]
    assert info.models[-1].id == "claude-*"
