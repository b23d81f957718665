"""The adapter, natively, against recorded exchanges: no Wasm, no network."""

from pathlib import Path

import pytest
from adapter import SampleAdapter

from caisson import AdapterError, ChatRequest, EmbedRequest, Finish, Message, TextDelta, Usage
from caisson.testing import Reply, Upstream, collect, context

FIXTURES = Path(__file__).parent.parent / "fixtures"
ASK = ChatRequest("gpt-4o-mini", [Message.system("Be brief."), Message.user("Say hello")], max_tokens=9)


def test_a_question_goes_out_and_its_answer_comes_back() -> None:
    with Upstream(Reply.json(200, FIXTURES.joinpath("completion.json").read_text())) as upstream:
        answer = SampleAdapter().complete(context(), ASK)
    assert (answer.choices[0].message.text, answer.usage) == ("Hello! 👋", Usage(18, 4))
    sent = upstream.requests[0]
    assert sent.url == "https://api.openai.com/v1/chat/completions"
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello"}]
    assert sent.json() == {"model": "gpt-4o-mini", "messages": messages, "max_tokens": 9}


def test_a_stream_reads_the_same_wherever_its_bytes_are_split() -> None:
    with Upstream(Reply.sse(FIXTURES.joinpath("stream.sse").read_text()).split_at_every_byte()):
        events = collect(SampleAdapter().stream(context(), ASK))
    assert events == [TextDelta("Hello"), TextDelta("! 👋"), Finish(), Usage(18, 4)]


def test_texts_become_vectors() -> None:
    found = {"data": [{"embedding": [0.5, 1.5]}, {"embedding": [2]}], "usage": {"prompt_tokens": 3}}
    with Upstream(Reply.json(200, found)):
        answer = SampleAdapter().embed(context(), EmbedRequest("text-embedding-3-small", ["a", "b"]))
    assert (answer.vectors, answer.usage) == ([[0.5, 1.5], [2]], Usage(3, 0))


def test_a_refusal_keeps_its_status_and_message() -> None:
    refusal = Reply.json(429, {"error": {"message": "slow down"}}).header("retry-after", "2")
    with Upstream(refusal), pytest.raises(AdapterError, match="slow down") as raised:
        SampleAdapter().complete(context(), ASK)
    assert (raised.value.status, raised.value.retry_after_ms) == (429, 2000)
