"""A component in the real runtime, for either world: whatever the adapter or its provider does, the client gets
an answer or an error of the right kind, and never a trap."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from runtime import Reply, Runtime, text_of
from upstream import FakeUpstream, Piece, Received, answer, nobody, streamed


def _length(received: Received) -> list[Piece]:
    return answer(str(len(received.body)))


_EVENTS = "data: first\n\ndata: second\n\n"


@pytest.fixture(scope="module")
def provider(runtime: Runtime, probe: Path) -> Iterator[FakeUpstream]:
    upstream = FakeUpstream(
        {
            "/asks": answer('{"a": [1, "ü"]}'),
            "/uploads": _length,
            "/abandons": streamed([_EVENTS, 0.2, _EVENTS, 5.0, _EVENTS]),
            "/relays": streamed(["data: one\n\n", 0.4, "data: two\n", 0.4, "\ndata: three\n\n"]),
        }
    )
    runtime.push(probe, "probe", "--allow-host", upstream.url, "--set", f"base-url={upstream.url}")
    yield upstream
    upstream.close()


@pytest.fixture(autouse=True)
def _the_next_request_succeeds(runtime: Runtime, provider: FakeUpstream) -> Iterator[None]:
    yield
    assert runtime.ask("probe/logs").status == 200


def _message(reply: Reply) -> str:
    return str(reply.body["error"]["message"])


def _content(reply: Reply) -> str:
    assert reply.status == 200, reply.body
    return str(reply.body["choices"][0]["message"]["content"])


def test_an_error_that_the_adapter_raises_reaches_the_client_whole(runtime: Runtime) -> None:
    reply = runtime.ask("probe/refuses")
    assert (reply.status, _message(reply), reply.body["error"]["provider"]["code"]) == (
        429,
        "come back later",
        "busy",
    )
    assert reply.headers["retry-after-ms"] == "1500"


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("fails", "the adapter failed in complete (probe.py:"),
        ("exits", "SystemExit: 3"),
        ("recurses", "RecursionError"),
        ("forgets", "what complete() returns must be a ChatAnswer, a Raw or a string, not None"),
        ("mistypes", "choices[0].message.content must be a list, not a value of type int"),
        ("imports", "import what it needs at the top of its modules"),
        ("no-such-behaviour", "AttributeError"),
    ],
)
def test_whatever_else_is_raised_is_an_internal_error_that_says_what_and_where(
    runtime: Runtime, model: str, said: str
) -> None:
    reply = runtime.ask(f"probe/{model}")
    assert reply.status == 502, reply.body
    assert said in _message(reply)
    assert reply.body["error"]["code"] != "adapter_trap"


def test_half_a_surrogate_pair_becomes_a_replacement_character(runtime: Runtime) -> None:
    assert _content(runtime.ask("probe/half-pair")) == "😀 and \N{REPLACEMENT CHARACTER}"


def test_tool_calls_and_counts_go_both_ways(runtime: Runtime) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "tide", "arguments": '{"port":"Brest"}'}}
    reply = runtime.ask("probe/tools", messages=[{"role": "assistant", "tool_calls": [call]}])
    [choice] = reply.body["choices"]
    assert (choice["finish_reason"], choice["message"]["tool_calls"]) == ("tool_calls", [call])
    assert reply.body["usage"] == {
        "prompt_tokens": 1,
        "completion_tokens": 2,
        "total_tokens": 3,
        "credits": 7,
    } | {key: value for key, value in reply.body["usage"].items() if key.endswith("_details")}


def test_the_hosts_token_counter_and_log_are_at_hand(runtime: Runtime) -> None:
    assert _content(runtime.ask("probe/logs")).startswith("2 tokens, ")
    assert "warn: one line\\nerror: no other" in runtime.log.read_text()
    assert "printed \\ud83d" in runtime.log.read_text()


def test_a_fault_of_the_adapters_is_in_the_log_with_its_traceback(runtime: Runtime) -> None:
    runtime.ask("probe/fails")
    assert "in answer_fails" in runtime.log.read_text()


def test_no_two_instances_draw_the_same_number(runtime: Runtime) -> None:
    assert _content(runtime.ask("probe/draws")) != _content(runtime.ask("probe/draws"))


def test_vectors_are_numbers_or_an_error(runtime: Runtime) -> None:
    reply = runtime.post("/v1/embeddings", {"model": "probe/v", "input": ["a", "b"], "encoding_format": "float"})
    assert [each["embedding"] for each in reply.body["data"]] == [[0, 1.5, -2.25]] * 2
    reply = runtime.post("/v1/embeddings", {"model": "probe/words", "input": "a"})
    assert "vectors[0] must be a list of numbers" in _message(reply)


def test_an_answer_is_read_as_json(runtime: Runtime) -> None:
    assert _content(runtime.ask("probe/asks")) == '{"a":[1,"ü"]}'


@pytest.mark.parametrize(
    ("play", "status", "said"),
    [
        (answer("[" * 1_000_000), 200, "it nests deeper than 128 levels"),
        (answer('{"a":' * 3000), 200, "it nests deeper than 128 levels"),
        (answer("9" * 10_000), 200, "not the JSON expected"),
        (answer(b'"\xff"'), 200, "not the JSON expected"),
        (answer("NaN"), 200, "NaN is not JSON"),
        (answer('{"error":{"message":"slow","type":"busy"}}', 429, retry_after="2"), 429, "slow"),
        (answer("<html>", 529), 529, "the provider answered with status 529"),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"], 502, "broke off"),
        ([b"nonsense\r\n\r\n"], 502, ""),
        ([], 502, ""),
    ],
)
def test_a_hostile_answer_is_an_error_of_the_providers(
    runtime: Runtime, provider: FakeUpstream, play: list[Piece], status: int, said: str
) -> None:
    before, provider.plays["/asks"] = provider.plays["/asks"], play
    reply = runtime.ask("probe/asks")
    provider.plays["/asks"] = before
    assert said in _message(reply)
    assert reply.status == (502 if status == 200 else status)
    assert reply.body["error"]["code"] != "adapter_trap"


def test_a_refused_connection_and_a_missing_grant_say_so(runtime: Runtime, probe: Path) -> None:
    url = nobody()
    runtime.push(probe, "refused", "--allow-host", url, "--set", f"base-url={url}")
    assert "connection refused" in _message(runtime.ask("refused/asks"))
    assert "connection refused" in _message(runtime.ask("refused/uploads"))
    runtime.push(probe, "denied", "--set", f"base-url={url}")
    reply = runtime.ask("denied/asks")
    assert (reply.status, reply.body["error"]["code"]) == (502, "egress_denied")


def test_a_body_larger_than_any_buffer_is_sent_whole(runtime: Runtime) -> None:
    assert _content(runtime.ask("probe/uploads")) == str((3 << 20) * 2 + len('{"big":""}'))


def test_a_provider_that_refuses_a_body_before_its_end_is_heard(runtime: Runtime, provider: FakeUpstream) -> None:
    before = provider.plays["/uploads"]
    provider.plays["/uploads"] = answer('{"error":"too much"}', 413)
    reply = runtime.ask("probe/uploads")
    provider.plays["/uploads"] = before
    assert (reply.status, _message(reply)) == (413, "too much")


def test_answers_left_half_read_are_closed_in_the_right_order(runtime: Runtime) -> None:
    assert _content(runtime.ask("probe/abandons")) == "first"


def test_chunks_arrive_as_they_are_sent(runtime: Runtime) -> None:
    began = time.monotonic()
    arrived = [
        (moment - began, choice["delta"]["content"])
        for moment, chunk in runtime.stream("probe/relays")
        for choice in chunk["choices"]
        if choice["delta"].get("content")
    ]
    assert [text for _, text in arrived] == ["one", "two", "three"]
    # Each waited for the pause before it, and not for one after.
    assert arrived[1][0] - arrived[0][0] > 0.3
    assert arrived[0][0] < arrived[2][0] - 0.3


def test_methods_may_be_written_asynchronously(runtime: Runtime) -> None:
    assert _content(runtime.ask("probe/awaits")) == '{"a": [1, "ü"]}'
    assert text_of(runtime.stream("probe/awaits")) == "onetwothree"


def test_a_failure_before_the_first_event_is_a_status_and_later_an_event(runtime: Runtime) -> None:
    reply = runtime.ask("probe/no-such-behaviour", stream=True)
    assert (reply.status, "AttributeError" in _message(reply)) == (502, True)
    reply = runtime.ask("probe/forgets", stream=True)
    assert "what stream() returns must be a generator or a list" in _message(reply)
    for model, said in (
        ("fails-late", "ValueError: then no more"),
        ("mistypes", "what stream() yields must be"),
    ):
        chunks = [chunk for _, chunk in runtime.stream(f"probe/{model}")]
        assert said in chunks[-1]["error"]["message"]
        assert "so far" in str(chunks[:-1])


def test_a_stream_without_events_ends_well(runtime: Runtime) -> None:
    assert text_of(runtime.stream("probe/ends")) == ""
