"""Runs the official OpenAI client for Python against a Caisson server.

For the end-to-end tests, which start the server and read what this prints: one line per check. It
starts nothing itself and knows no adapter; the environment says what to talk to (see ../README.md).
The clients validate strictly, so an answer that lacks a field of the published schema fails.
"""

import asyncio
import json
import os
import struct
import sys
import time
import traceback

import openai
from openai import AsyncOpenAI, OpenAI

BASE_URL = os.environ["CAISSON_BASE_URL"]
API_KEY = os.environ.get("CAISSON_API_KEY") or "unused"
MODELS = [name for name in os.environ.get("CAISSON_MODELS", "").split(",") if name]
TEXT_MODELS = [name for name in os.environ.get("CAISSON_TEXT_MODELS", "").split(",") if name]
EMBED_MODELS = [name for name in os.environ.get("CAISSON_EMBED_MODELS", "").split(",") if name]
NO_EMBED_MODELS = [name for name in os.environ.get("CAISSON_NO_EMBED_MODELS", "").split(",") if name]
LIMITED_MODELS = [name for name in os.environ.get("CAISSON_LIMITED_MODELS", "").split(",") if name]
LISTED_MODELS = [name for name in os.environ.get("CAISSON_LISTED_MODELS", "").split(",") if name]
THINKING_MODELS = [name for name in os.environ.get("CAISSON_THINKING_MODELS", "").split(",") if name]
BLOCKS_MODEL = os.environ.get("CAISSON_BLOCKS_MODEL")
STATUS_MODELS = os.environ.get("CAISSON_STATUS_MODELS")
FAULT_MODEL = os.environ.get("CAISSON_FAULT_MODEL")
STREAM_FAULT_MODEL = os.environ.get("CAISSON_STREAM_FAULT_MODEL")
CHECK_AUTH = os.environ.get("CAISSON_CHECK_AUTH") == "1"

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
TOOL_RESULT = "14 degrees and drizzle"


class Unexpected(Exception):
    """An answer that is not what the check wants."""


def expect(what, got, wanted):
    if got != wanted:
        raise Unexpected(f"{what}: expected {wanted!r}, got {got!r}")


def expect_within(what, text, wanted):
    if not isinstance(text, str) or wanted not in text:
        raise Unexpected(f"{what}: expected a text that contains {wanted!r}, got {text!r}")


def expect_some_text(what, got):
    if not isinstance(got, str) or not got:
        raise Unexpected(f"{what}: expected some text, got {got!r}")


def expect_fault(what, fault, call):
    """The exception of class `fault` that `call` raises."""
    try:
        got = call()
    except openai.APIError as error:
        if type(error) is not fault:
            raise Unexpected(f"{what}: expected {fault.__name__}, got {type(error).__name__}: {error}") from error
        return error
    raise Unexpected(f"{what}: expected {fault.__name__}, got an answer: {got!r}")


def expect_error_object(what, error):
    """OpenAI's error object has four fields, null or not; more may stand beside them."""
    missing = [name for name in ("code", "message", "param", "type") if name not in error.body]
    expect(f"{what}: missing fields of the error", missing, [])
    expect_some_text(f"{what}: message", error.body["message"])
    expect_some_text(f"{what}: type", error.body["type"])


def fresh_client(strict=True):
    return OpenAI(base_url=BASE_URL, api_key=API_KEY, _strict_response_validation=strict)


def fresh_async_client(strict=True):
    return AsyncOpenAI(base_url=BASE_URL, api_key=API_KEY, _strict_response_validation=strict)


def conversation(text):
    """More than one turn, so that an adapter that takes the wrong message is found out."""
    return [
        {"role": "system", "content": "Say back what you hear."},
        {"role": "user", "content": "An earlier question"},
        {"role": "assistant", "content": "An earlier answer"},
        {"role": "user", "content": text},
    ]


# Checks of one chat model.


def chat_answers(client, model):
    text = "Does the ferry – fähre 🚢 – leave at noon?"
    answer = client.chat.completions.create(model=model, messages=conversation(text))
    expect_plain_answer(answer, text)
    expect_some_text("request id", answer._request_id)


def expect_plain_answer(answer, text):
    expect("object", answer.object, "chat.completion")
    expect_some_text("id", answer.id)
    expect_some_text("model", answer.model)
    expect_seconds("created", answer.created)
    expect("number of choices", len(answer.choices), 1)
    choice = answer.choices[0]
    expect("index", choice.index, 0)
    expect("role", choice.message.role, "assistant")
    expect_within("content", choice.message.content, text)
    expect("tool calls", choice.message.tool_calls, None)
    expect("refusal", choice.message.refusal, None)
    expect("finish reason", choice.finish_reason, "stop")
    expect_usage(answer.usage)


def expect_seconds(what, unix_seconds):
    """A provider may say when it made its answer; milliseconds would be far in the future."""
    if not 1_500_000_000 < unix_seconds < time.time() + 24 * 3600:
        raise Unexpected(f"{what}: expected a time in seconds since 1970, got {unix_seconds!r}")


def expect_usage(usage):
    if usage is None:
        raise Unexpected("usage: expected token counts, got None")
    if not (usage.prompt_tokens > 0 and usage.completion_tokens > 0):
        raise Unexpected(f"usage: expected counts above zero, got {usage!r}")
    expect("total of usage", usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)


def content_parts_reach_the_model(client, model):
    parts = [{"type": "text", "text": "Is it "}, {"type": "text", "text": "low tide?"}]
    answer = client.chat.completions.create(model=model, messages=conversation(parts))
    expect_within("content", answer.choices[0].message.content, "low tide?")


def stream_flows(client, model):
    text = "Does the ferry – fähre 🚢 – leave at noon?"
    with client.chat.completions.create(model=model, messages=conversation(text), stream=True) as stream:
        chunks = list(stream)
    expect_plain_stream(chunks, text)
    for chunk in chunks:
        expect("number of choices in a chunk", len(chunk.choices), 1)
        expect("usage that nobody asked for", chunk.usage, None)


def expect_plain_stream(chunks, text):
    expect_one_answer(chunks)
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    expect_within("content", "".join(delta.content or "" for delta in deltas), text)
    expect("tool calls", [delta.tool_calls for delta in deltas if delta.tool_calls], [])
    expect("finish reasons", finish_reasons(chunks), ["stop"])


def expect_one_answer(chunks):
    """What holds for the chunks of every stream."""
    if not chunks:
        raise Unexpected("stream: expected chunks, got none")
    expect("objects of the chunks", {chunk.object for chunk in chunks}, {"chat.completion.chunk"})
    expect("number of ids", len({chunk.id for chunk in chunks}), 1)
    expect("number of models", len({chunk.model for chunk in chunks}), 1)
    expect("number of creation times", len({chunk.created for chunk in chunks}), 1)
    expect_some_text("id", chunks[0].id)
    expect_some_text("model", chunks[0].model)
    expect_seconds("created", chunks[0].created)
    roles = [choice.delta.role for chunk in chunks for choice in chunk.choices]
    expect("first role", roles[0], "assistant")
    expect("roles after the first", [role for role in roles[1:] if role], [])
    last = [chunk for chunk in chunks if chunk.choices][-1]
    if last.choices[0].finish_reason is None:
        raise Unexpected(f"last chunk of the choice: expected a finish reason, got {last!r}")


def finish_reasons(chunks):
    return [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]


def stream_counts_tokens(client, model):
    stream = client.chat.completions.create(
        model=model, messages=conversation("Count me"), stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    expect_plain_stream(chunks, "Count me")
    expect("choices of the last chunk", chunks[-1].choices, [])
    expect_usage(chunks[-1].usage)
    for chunk in chunks[:-1]:
        expect("usage before the last chunk", chunk.usage, None)
        expect("chunks that say usage is null", "usage" in chunk.model_fields_set, True)


def tool_is_called_and_answered(client, model):
    messages = conversation("What is the weather in Bergen?")
    answer = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
    choice = answer.choices[0]
    expect("finish reason", choice.finish_reason, "tool_calls")
    calls = choice.message.tool_calls or []
    expect("number of calls", len(calls), 1)
    expect("kind of call", calls[0].type, "function")
    expect_call(calls[0].id, calls[0].function.name, calls[0].function.arguments)
    expect_usage(answer.usage)

    # The client's own object goes back, with all its nulls, as the official examples do it.
    messages += [choice.message, {"role": "tool", "tool_call_id": calls[0].id, "content": TOOL_RESULT}]
    answer = client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
    expect("finish reason after the result", answer.choices[0].finish_reason, "stop")
    expect_within("answer to the result", answer.choices[0].message.content, TOOL_RESULT)


def expect_call(call_id, name, arguments):
    expect_some_text("id of the call", call_id)
    expect("name of the tool", name, "get_weather")
    try:
        city = json.loads(arguments)["city"]
    except (ValueError, KeyError, TypeError) as error:
        raise Unexpected(f"arguments: expected a JSON object with a city, got {arguments!r}") from error
    if not isinstance(city, str):
        raise Unexpected(f"city: expected text, got {city!r}")


def tool_is_called_and_answered_in_streams(client, model):
    messages = conversation("What is the weather in Bergen?")
    chunks = list(client.chat.completions.create(model=model, messages=messages, tools=[WEATHER], stream=True))
    expect_one_answer(chunks)
    expect("finish reasons", finish_reasons(chunks), ["tool_calls"])
    call = folded_call(chunks)
    expect_call(call["id"], call["function"]["name"], call["function"]["arguments"])

    messages += [
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": TOOL_RESULT},
    ]
    chunks = list(client.chat.completions.create(model=model, messages=messages, tools=[WEATHER], stream=True))
    expect_one_answer(chunks)
    expect("finish reasons after the result", finish_reasons(chunks), ["stop"])
    content = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    expect_within("answer to the result", content, TOOL_RESULT)


def folded_call(chunks):
    fragments = [call for chunk in chunks for choice in chunk.choices for call in choice.delta.tool_calls or []]
    expect("indexes of the call's fragments", {fragment.index for fragment in fragments}, {0})
    expect("kind of call", fragments[0].type, "function")
    for fragment in fragments[1:]:
        expect("id of a later fragment", fragment.id or fragments[0].id, fragments[0].id)
    return {
        "id": fragments[0].id,
        "type": "function",
        "function": {
            "name": fragments[0].function.name,
            "arguments": "".join(fragment.function.arguments or "" for fragment in fragments if fragment.function),
        },
    }


def stream_helper_folds_the_answer(client, model):
    with client.chat.completions.stream(
        model=model, messages=conversation("Fold me"), stream_options={"include_usage": True}
    ) as stream:
        for _ in stream:
            pass
        expect_plain_answer(stream.get_final_completion(), "Fold me")


def async_client_is_served(_client, model):
    async def ask_at_once():
        async with fresh_async_client() as client:
            texts = [f"Question {number}" for number in range(6)]
            answers = await asyncio.gather(
                *[client.chat.completions.create(model=model, messages=conversation(text)) for text in texts]
            )
            for text, answer in zip(texts, answers):
                expect_plain_answer(answer, text)
            stream = await client.chat.completions.create(model=model, messages=conversation("Flow"), stream=True)
            expect_plain_stream([chunk async for chunk in stream], "Flow")

    asyncio.run(ask_at_once())


def client_may_leave_a_stream(client, model):
    stream = client.chat.completions.create(model=model, messages=conversation("I am off"), stream=True)
    next(iter(stream))
    stream.close()
    answer = client.chat.completions.create(model=model, messages=conversation("I am back"))
    expect_plain_answer(answer, "I am back")


def model_is_found(client, model):
    found = client.models.retrieve(model)
    expect("id", found.id, model)
    expect("object", found.object, "model")
    expect_some_text("owner", found.owned_by)


def bad_message_names_its_field(client, model):
    error = expect_fault(
        "content that is a number",
        openai.BadRequestError,
        lambda: client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Hello"}, {"role": "user", "content": 5}]
        ),
    )
    expect_error_object("content that is a number", error)
    expect("param", error.param, "messages[1].content")
    expect("type", error.type, "invalid_request_error")
    expect_some_text("request id", error.request_id)


def tools_are_refused(client, model):
    error = expect_fault(
        "tools",
        openai.BadRequestError,
        lambda: client.chat.completions.create(model=model, messages=conversation("Well?"), tools=[WEATHER]),
    )
    expect_error_object("tools", error)
    expect("code and param", (error.code, error.param), ("unsupported", "tools"))


def upstreams_limit_is_passed_on(_client, model):
    client = fresh_client().with_options(max_retries=0)
    for stream in (False, True):
        what = f"rate limit, stream {stream}"
        error = expect_fault(
            what,
            openai.RateLimitError,
            lambda: client.chat.completions.create(model=model, messages=conversation("Well?"), stream=stream),
        )
        expect_error_object(what, error)
        expect(f"{what}: status", error.status_code, 429)
        expect(f"{what}: retry-after", error.response.headers.get("retry-after"), "2")
        expect(f"{what}: retry-after-ms", error.response.headers.get("retry-after-ms"), "2000")


def embeddings_are_refused(client, model):
    error = expect_fault(
        "embeddings", openai.BadRequestError, lambda: client.embeddings.create(model=model, input="The tide")
    )
    expect_error_object("embeddings", error)
    expect("code", error.code, "unsupported")


# Checks of one model that thinks where it is asked to.


def thinking_is_folded_and_sent_back(client, model):
    """The helper folds every list of a delta by `index`; what it folded is what the provider takes back."""
    tool = {**WEATHER, "function": {**WEATHER["function"], "strict": True}}
    messages = conversation("What is the weather in Bergen?")
    wanted = {"model": model, "tools": [tool], "reasoning_effort": "low"}
    with client.chat.completions.stream(messages=messages, **wanted) as stream:
        for _ in stream:
            pass
        message = stream.get_final_completion().choices[0].message
    expect_some_text("reasoning", message.reasoning_content)
    expect("types of the blocks", [block["type"] for block in message.thinking_blocks], ["thinking"])
    expect("text of the block", message.thinking_blocks[0]["thinking"], message.reasoning_content)
    expect_some_text("signature of the block", message.thinking_blocks[0]["signature"])
    call = message.tool_calls[0]
    expect_call(call.id, call.function.name, call.function.arguments)

    messages += [message, {"role": "tool", "tool_call_id": call.id, "content": TOOL_RESULT}]
    with client.chat.completions.stream(messages=messages, **wanted) as stream:
        expect_within("answer", stream.get_final_completion().choices[0].message.content, TOOL_RESULT)


def many_blocks_are_folded_and_sent_back(client):
    """Several deltas with blocks in one answer: the helper can't fold a second list whose items have no `index`."""
    messages = [{"role": "user", "content": "Think twice."}]
    wanted = {"model": BLOCKS_MODEL, "reasoning_effort": "low"}
    with client.chat.completions.stream(messages=messages, **wanted) as stream:
        for _ in stream:
            pass
        message = stream.get_final_completion().choices[0].message
    types = ["thinking", "redacted_thinking", "redacted_thinking", "thinking"]
    expect("types of the blocks", [block["type"] for block in message.thinking_blocks], types)
    expect("indexes of the blocks", [block["index"] for block in message.thinking_blocks], [0, 1, 2, 3])
    messages += [message, {"role": "user", "content": "And again?"}]
    answer = client.chat.completions.create(messages=messages, **wanted)
    expect_within("answer", answer.choices[0].message.content, "And again?")


# Checks of one embedding model. A strict client refuses base64, since it validates before it decodes.


def embeddings_come_as_the_client_asks(strict_client, model):
    client = fresh_client(strict=False)
    texts = ["The ferry leaves at noon.", "Fähre 🚢"]
    raw = client.embeddings.with_raw_response.create(model=model, input=texts)
    for item in raw.http_response.json()["data"]:
        if not isinstance(item["embedding"], str):
            raise Unexpected(f"embedding on the wire: expected base64 text, got {item['embedding']!r}")
    by_default = raw.parse()
    as_floats = strict_client.embeddings.create(model=model, input=texts, encoding_format="float")
    for answer in (by_default, as_floats):
        expect("object", answer.object, "list")
        expect_some_text("model", answer.model)
        expect("indexes", [item.index for item in answer.data], [0, 1])
        expect("objects", {item.object for item in answer.data}, {"embedding"})
        if not answer.usage.prompt_tokens > 0:
            raise Unexpected(f"usage: expected a count above zero, got {answer.usage!r}")
    packed = [single_precision(item.embedding) for item in by_default.data]
    expect("vectors as floats", [single_precision(item.embedding) for item in as_floats.data], packed)
    if len(packed[0]) == 0 or packed[0] == packed[1]:
        raise Unexpected(f"vectors: expected two different ones, got {by_default.data!r}")

    alone = client.embeddings.create(model=model, input=texts[1])
    expect("vector of one text alone", [single_precision(item.embedding) for item in alone.data], packed[1:])


def single_precision(vector):
    return struct.pack(f"<{len(vector)}f", *vector)


def embeddings_have_the_length_asked_for(_strict_client, model):
    answer = fresh_client(strict=False).embeddings.create(model=model, input="Short", dimensions=3)
    expect("length", len(answer.data[0].embedding), 3)


def async_embeddings_are_served(_strict_client, model):
    async def ask():
        async with fresh_async_client(strict=False) as client:
            answer = await client.embeddings.create(model=model, input=["One", "Two", "Three"])
            expect("number of vectors", len(answer.data), 3)

    asyncio.run(ask())


# Checks of the server.


def models_are_listed(client):
    listed = list(client.models.list())
    for model in listed:
        expect_some_text("id", model.id)
        expect("object", model.object, "model")
        expect_some_text("owner", model.owned_by)
    ids = [model.id for model in listed]
    expect("ids that occur twice", sorted({name for name in ids if ids.count(name) > 1}), [])
    expect("models with a star", [name for name in ids if "*" in name], [])
    for name in LISTED_MODELS:
        expect(f"{name} among {ids}", name in ids, True)
    for name in ids[:5]:
        expect("id", client.models.retrieve(name).id, name)


def unknown_model_is_not_found(client):
    for name in ("nowhere/nothing", "nothing"):
        error = expect_fault(
            f"chat with {name}",
            openai.NotFoundError,
            lambda: client.chat.completions.create(model=name, messages=conversation("Anyone?")),
        )
        expect_error_object(f"chat with {name}", error)
        expect("code", error.code, "model_not_found")
        error = expect_fault(f"model {name}", openai.NotFoundError, lambda: client.models.retrieve(name))
        expect("code", error.code, "model_not_found")
    error = expect_fault(
        "stream of an unknown model",
        openai.NotFoundError,
        lambda: client.chat.completions.create(model="nowhere/nothing", messages=conversation("Anyone?"), stream=True),
    )
    expect_error_object("stream of an unknown model", error)
    expect_fault(
        "embedding of an unknown model",
        openai.NotFoundError,
        lambda: client.embeddings.create(model="nowhere/nothing", input="Anyone?"),
    )


def request_ids_differ(client):
    ids = {client.models.list()._request_id for _ in range(3)}
    expect("number of request ids", len(ids), 3)
    expect("missing request ids", None in ids, False)


def wrong_key_is_refused():
    client = fresh_client().with_options(api_key="sk-wrong")
    for what, call in (
        ("list with a wrong key", client.models.list),
        ("chat with a wrong key", lambda: client.chat.completions.create(model="any", messages=conversation("Hello"))),
    ):
        error = expect_fault(what, openai.AuthenticationError, call)
        expect_error_object(what, error)
        expect("code", error.code, "invalid_api_key")


def every_status_has_its_class(client):
    client = client.with_options(max_retries=0)
    for status, fault in (
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ):
        for stream in (False, True):
            what = f"status {status}, stream {stream}"
            model = f"{STATUS_MODELS}{status}"
            error = expect_fault(
                what,
                fault,
                lambda: client.chat.completions.create(model=model, messages=conversation("Well?"), stream=stream),
            )
            expect_error_object(what, error)
            expect(f"{what}: status", error.status_code, status)
            expect(f"{what}: code", error.code, "provider_error")
            expect_some_text(f"{what}: request id", error.request_id)


def rate_limit_is_retried_then_raised(client):
    """One call: the client sends it three times, which the test counts at the upstream."""
    error = expect_fault(
        "rate limit",
        openai.RateLimitError,
        lambda: client.chat.completions.create(model=FAULT_MODEL, messages=conversation("Too much?")),
    )
    expect_error_object("rate limit", error)
    expect("retries", error.request.headers.get("x-stainless-retry-count"), "2")
    expect("retry-after-ms", error.response.headers.get("retry-after-ms"), "1")


def fault_inside_a_stream_is_raised(client):
    stream = client.chat.completions.create(model=STREAM_FAULT_MODEL, messages=conversation("Break"), stream=True)
    chunks = []

    def read_all():
        for chunk in stream:
            chunks.append(chunk)

    error = expect_fault("stream that breaks", openai.APIError, read_all)
    expect("number of chunks before the error, at least one", bool(chunks), True)
    expect_error_object("stream that breaks", error)
    expect("finish reasons", finish_reasons(chunks), [])


def checks():
    """Names and calls of every check that the environment asks for."""
    client = fresh_client()
    with_text = [
        chat_answers,
        content_parts_reach_the_model,
        stream_flows,
        stream_counts_tokens,
        stream_helper_folds_the_answer,
        async_client_is_served,
        client_may_leave_a_stream,
        model_is_found,
        bad_message_names_its_field,
    ]
    with_tools = [tool_is_called_and_answered, tool_is_called_and_answered_in_streams]
    for models, per_model in (
        (MODELS, [*with_text, *with_tools]),
        (TEXT_MODELS, [*with_text, tools_are_refused]),
        (LIMITED_MODELS, [upstreams_limit_is_passed_on]),
        (NO_EMBED_MODELS, [embeddings_are_refused]),
    ):
        for model in models:
            for check in per_model:
                yield f"{check.__name__} {model}", lambda check=check, model=model: check(client, model)
    for model in THINKING_MODELS:
        name = thinking_is_folded_and_sent_back.__name__
        yield f"{name} {model}", lambda model=model: thinking_is_folded_and_sent_back(client, model)
    for model in EMBED_MODELS:
        own_length = [embeddings_have_the_length_asked_for] if model.startswith("echo/") else []
        for check in [embeddings_come_as_the_client_asks, async_embeddings_are_served, *own_length]:
            yield f"{check.__name__} {model}", lambda check=check, model=model: check(client, model)
    for check in (models_are_listed, unknown_model_is_not_found, request_ids_differ):
        yield check.__name__, lambda check=check: check(client)
    if CHECK_AUTH:
        yield wrong_key_is_refused.__name__, wrong_key_is_refused
    if BLOCKS_MODEL:
        yield many_blocks_are_folded_and_sent_back.__name__, lambda: many_blocks_are_folded_and_sent_back(client)
    if STATUS_MODELS:
        yield every_status_has_its_class.__name__, lambda: every_status_has_its_class(client)
    if FAULT_MODEL:
        yield rate_limit_is_retried_then_raised.__name__, lambda: rate_limit_is_retried_then_raised(client)
    if STREAM_FAULT_MODEL:
        yield fault_inside_a_stream_is_raised.__name__, lambda: fault_inside_a_stream_is_raised(client)


def main():
    failed = False
    for name, check in checks():
        try:
            check()
        except Unexpected as error:
            failed = True
            print(f"FAILED {name}: {error}", flush=True)
        except Exception as error:
            failed = True
            cause = f", caused by {error.__cause__}" if error.__cause__ else ""
            print(f"FAILED {name}: expected no exception, got {type(error).__name__}: {error}{cause}", flush=True)
            traceback.print_exc()
        else:
            print(f"ok {name}", flush=True)
    return 1 if failed else 0


sys.exit(main())
