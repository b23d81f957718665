"""Embeddings: what is sent, what comes back, and vectors that are none."""

import contextlib
from typing import Any

import pytest
from caisson import AdapterError, EmbedRequest, EmbedResponse, ErrorKind, Usage
from caisson.testing import Reply, Sent, Upstream, context
from exchange import fixture

from ollama_adapter import Ollama


def embed(reply: Reply, *texts: Any, **fields: Any) -> tuple[EmbedResponse, Sent]:
    with Upstream(reply) as upstream:
        request = EmbedRequest("all-minilm", list(texts) or ["Ahoy", "Mate"], **fields)
        made = Ollama().embed(context(num_ctx="512", keep_alive="-1"), request)
    assert upstream.open_bodies == 0
    return made, upstream.requests[0]


def failure(reply: Reply, *texts: Any) -> AdapterError:
    with pytest.raises(AdapterError) as raised:
        embed(reply, *texts)
    return raised.value


def test_texts_go_out_together_and_vectors_come_back_in_order() -> None:
    extra = {"truncate": "false", "store": "true"}
    made, sent = embed(Reply.json(200, fixture("embed.json")), dimensions=3, extra=extra)
    assert sent.url == "http://localhost:11434/api/embed"
    assert sent.json() == {
        "model": "all-minilm",
        "input": ["Ahoy", "Mate"],
        "dimensions": 3,
        "options": {"num_ctx": 512},
        "keep_alive": -1,
        "truncate": False,
    }
    assert made == EmbedResponse(
        [[0.0625, -0.25, 1], [0, 0.5, -0.125]],
        Usage(8, 0, 8, extra={"total_duration": "14302958", "load_duration": "1102417"}),
        model="all-minilm",
    )


def test_token_ids_are_refused() -> None:
    error = failure(Reply.json(200, fixture("embed.json")), [1, 2], [3])
    assert (error.kind, error.param) == (ErrorKind.UNSUPPORTED, "input")


@pytest.mark.parametrize(
    "vectors",
    ["null", "{}", "[]", "[[1]]", "[[1],[]]", "[[1],7]", '[[1],["2"]]', "[[1],[true]]", "[[1],[null]]", "[[1],[[2]]]"],
)
def test_vectors_that_are_none_are_the_servers_fault(vectors: str) -> None:
    assert failure(Reply.json(200, f'{{"embeddings":{vectors}}}')).kind is ErrorKind.UPSTREAM


@pytest.mark.parametrize("number", ["1e39", "-1e39", "1e999", "9" * 400])
def test_numbers_that_a_vector_cannot_hold_are_the_servers_fault(number: str) -> None:
    error = failure(Reply.json(200, f'{{"embeddings":[[1],[{number}]]}}'))
    assert error.kind is ErrorKind.UPSTREAM
    assert "embedding 1" in error.message


@pytest.mark.parametrize("body", ["", "[]", '{"error":"unexpected EOF"}'])
def test_an_answer_that_is_none_is_the_servers_fault(body: str) -> None:
    assert failure(Reply.json(200, body)).kind is ErrorKind.UPSTREAM


def test_too_long_a_text_is_known_by_the_words() -> None:
    error = failure(Reply.json(400, {"error": "the input length exceeds the context length"}))
    assert (error.kind, error.status) == (ErrorKind.CONTEXT_LENGTH, 400)


@pytest.mark.parametrize("value", [None, True, 7, "text", [1], {"a": []}])
def test_no_shape_of_any_field_breaks_the_adapter(value: Any) -> None:
    for field in ("model", "embeddings", "prompt_eval_count", "total_duration"):
        with contextlib.suppress(AdapterError):
            embed(Reply.json(200, {"embeddings": [[1], [2]], field: value}))
