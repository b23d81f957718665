"""The adapter of the page "From CustomLLM to Caisson", and that the pages show what is tested."""

from pathlib import Path

import pytest
from foundry import Foundry

from caisson import AdapterError, ChatRequest, EmbedRequest, EmbedResponse, Finish, Message, TextDelta, Tool, Usage
from caisson.testing import Reply, Upstream, collect, context

REQUEST = ChatRequest("anvil-2", [Message.system("Be brief."), Message.user("Hello?")], temperature=0.5)
ROOT = Path(__file__).parents[1]


def test_a_prompt_goes_out_and_its_text_comes_back() -> None:
    with Upstream(Reply.json(200, {"text": "Hi.", "ended": "max", "tokens_in": 7, "tokens_out": 2})) as upstream:
        answer = Foundry().complete(context(), REQUEST)
    assert (answer.choices[0].message.text, answer.choices[0].finish_reason) == ("Hi.", "length")
    assert answer.usage == Usage(7, 2)
    assert upstream.requests[0].json() == {
        "model": "anvil-2",
        "prompt": "[system] Be brief.\n[user] Hello?",
        "max_new_tokens": 512,
        "stream": False,
        "heat": 0.5,
    }


def test_lines_become_events() -> None:
    lines = '{"text":"H"}\n{"text":"i."}\n{"ended":"eos","tokens_in":7,"tokens_out":2}\n'
    with Upstream(Reply.ndjson(lines).split_at_every_byte()):
        events = collect(Foundry().stream(context(), REQUEST))
    assert events == [TextDelta("H"), TextDelta("i."), Finish(), Usage(7, 2)]


def test_vectors_come_with_their_count() -> None:
    with Upstream(Reply.json(200, {"vectors": [{"vector": [1, 0.5]}], "tokens_in": 3})):
        answer = Foundry().embed(context(), EmbedRequest("anvil-e", ["a"]))
    assert answer == EmbedResponse([[1, 0.5]], Usage(3))


def test_tools_are_refused_with_their_place() -> None:
    with pytest.raises(AdapterError, match="call no tools") as raised:
        Foundry().complete(context(), ChatRequest("anvil-2", [], tools=[Tool("tide")]))
    assert raised.value.param == "tools"


@pytest.mark.parametrize(("page", "example"), [("README.md", "parrot.py"), ("FROM-CUSTOMLLM.md", "foundry.py")])
def test_the_pages_show_the_adapters_that_are_tested(page: str, example: str) -> None:
    source = (ROOT / "examples" / example).read_text(encoding="utf-8").strip()
    assert source in (ROOT / page).read_text(encoding="utf-8")
