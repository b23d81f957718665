"""The README's adapter, tested as an author would."""

from pathlib import Path

import pytest
from parrot import Parrot

from caisson import (
    AdapterError,
    ChatAnswer,
    ChatRequest,
    EmbedRequest,
    ErrorKind,
    Finish,
    Message,
    TextDelta,
    Usage,
    host,
    log,
)
from caisson.__main__ import main
from caisson.testing import Reply, Upstream, collect, context

REQUEST = ChatRequest("macaw-2", [Message.user("Say hello")])


def test_a_question_is_spoken_and_its_answer_comes_back() -> None:
    reply = Reply.json(200, {"said": "Hello!", "words_heard": 2, "words_said": 1})
    with Upstream(reply.split_at_every_byte()) as upstream:
        answer = Parrot().complete(context(), REQUEST)
    assert answer == ChatAnswer.of_text("Hello!", Usage(2, 1))
    assert upstream.requests[0].url == "https://api.parrot.example/v1/speak"
    assert upstream.requests[0].json()["question"] == "Say hello"


def test_words_come_as_they_are_said() -> None:
    body = 'data: {"said":"Hel"}\n\ndata: {"said":"lo!"}\n\ndata: {"words_heard":2,"words_said":1}\n\n'
    with Upstream(Reply.sse(body).split_at_every_byte()):
        events = collect(Parrot().stream(context(), REQUEST))
    assert events == [TextDelta("Hel"), TextDelta("lo!"), Finish(), Usage(2, 1)]


def test_songs_become_vectors() -> None:
    with Upstream(Reply.json(200, {"songs": [{"vector": [0.5, 1.5]}, {"vector": [2]}]})):
        assert Parrot().embed(context(), EmbedRequest("macaw-2", ["a", "b"])) == [[0.5, 1.5], [2]]


def test_a_refusal_keeps_its_status_and_message() -> None:
    reply = Reply.json(429, {"error": "too many birds"}).header("retry-after", "2")
    with Upstream(reply), pytest.raises(AdapterError, match="too many birds") as raised:
        Parrot().complete(context(), REQUEST)
    assert (raised.value.kind, raised.value.retry_after_ms) == (ErrorKind.RATE_LIMITED, 2000)


def test_the_hosts_functions_answer_from_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert (host.original_body(), host.count_tokens("e", "t")) == (b"", None)
    with Upstream(original_body=b"{}", token_counter=lambda encoding, text: len(text.split())):
        assert (host.original_body(), host.count_tokens("words", "a b")) == (b"{}", 2)
    log.warn("a\nerror: b\r\ud83d")
    assert capsys.readouterr().err == "warn: a\\nerror: b\\r?\n"


def test_scripts_nest() -> None:
    outer, inner = Upstream(Reply.text(201, "")), Upstream(original_body=b"inner")
    with outer:
        with inner:
            assert host.original_body() == b"inner"
        assert host.original_body() == b""


@pytest.mark.parametrize(
    ("adapter", "said"),
    [
        ("parrot", "write MODULE:CLASS"),
        ("parrot:", "write MODULE:CLASS"),
        ("no_such_module:Parrot", "there is no module no_such_module"),
        ("parrot:Cockatoo", "cannot import name 'Cockatoo'"),
    ],
)
def test_a_build_that_can_not_be_says_why(
    adapter: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = Path(__file__).parents[1] / "examples"
    assert main(["build", adapter, "-o", str(tmp_path / "x.wasm"), "-p", str(examples)]) == 1
    assert said in capsys.readouterr().err
