"""A LiteLLM CustomLLM that speaks Anthropic's Messages API: what `just bench` runs in LiteLLM's proxy beside Caisson.

As an author would write it: one shared httpx client, the answer turned into LiteLLM's own types, a stream read line by line. Texts,
images and sampling parameters; no tools, which no work of the benchmark has.
"""

import json
import os
from collections.abc import AsyncIterator
from typing import Any

import httpx
from litellm import CustomLLM, ModelResponse
from litellm.types.utils import Choices, GenericStreamingChunk, Message, Usage

FINISH = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "tool_use": "tool_calls"}


class Anthropic(CustomLLM):
    """Anthropic's Messages API, at `BENCH_UPSTREAM` with the key `BENCH_KEY`."""

    def __init__(self) -> None:
        super().__init__()
        self.http = httpx.AsyncClient(
            base_url=os.environ["BENCH_UPSTREAM"],
            headers={"x-api-key": os.environ["BENCH_KEY"], "anthropic-version": "2023-06-01"},
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=1000),
            timeout=600,
        )

    async def acompletion(self, *args: Any, **kwargs: Any) -> ModelResponse:
        response = await self.http.post("/v1/messages", json=request(kwargs, stream=False))
        response.raise_for_status()
        answer = response.json()
        text = "".join(block["text"] for block in answer["content"] if block["type"] == "text")
        usage = answer["usage"]
        return ModelResponse(
            model=kwargs["model"],
            choices=[
                Choices(
                    index=0,
                    finish_reason=FINISH.get(answer["stop_reason"], "stop"),
                    message=Message(role="assistant", content=text),
                )
            ],
            usage=Usage(
                prompt_tokens=usage["input_tokens"],
                completion_tokens=usage["output_tokens"],
                total_tokens=usage["input_tokens"] + usage["output_tokens"],
            ),
        )

    async def astreaming(self, *args: Any, **kwargs: Any) -> AsyncIterator[GenericStreamingChunk]:
        body = request(kwargs, stream=True)
        async with self.http.stream("POST", "/v1/messages", json=body) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                if not line.startswith("data: "):
                    continue
                event = json.loads(line[6:])
                if event["type"] == "content_block_delta" and event["delta"]["type"] == "text_delta":
                    yield chunk(event["delta"]["text"])
                elif event["type"] == "message_delta":
                    yield chunk("", FINISH.get(event["delta"]["stop_reason"], "stop"))


def request(kwargs: dict[str, Any], *, stream: bool) -> dict[str, Any]:
    """Anthropic's request for what LiteLLM was asked."""
    messages = kwargs["messages"]
    options = kwargs["optional_params"]
    body: dict[str, Any] = {
        "model": kwargs["model"],
        "max_tokens": options.get("max_tokens") or 4096,
        "messages": [turn(message) for message in messages if message["role"] != "system"],
        "stream": stream,
    }
    system = [message["content"] for message in messages if message["role"] == "system"]
    if system:
        body["system"] = "\n".join(system)
    if options.get("stop"):
        body["stop_sequences"] = options["stop"] if isinstance(options["stop"], list) else [options["stop"]]
    for name in ("temperature", "top_p"):
        if options.get(name) is not None:
            body[name] = options[name]
    return body


def turn(message: dict[str, Any]) -> dict[str, Any]:
    """One message on Anthropic's wire."""
    content = message["content"]
    if isinstance(content, list):
        content = [block(part) for part in content]
    return {"role": message["role"], "content": content}


def block(part: dict[str, Any]) -> dict[str, Any]:
    """One part of a message on Anthropic's wire."""
    if part["type"] == "text":
        return {"type": "text", "text": part["text"]}
    media_type, data = part["image_url"]["url"].removeprefix("data:").split(";base64,")
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


def chunk(text: str, finish_reason: str = "") -> GenericStreamingChunk:
    """A piece of a stream as LiteLLM wants it."""
    return {
        "text": text,
        "is_finished": bool(finish_reason),
        "finish_reason": finish_reason,
        "index": 0,
        "tool_use": None,
        "usage": None,
    }


anthropic = Anthropic()
