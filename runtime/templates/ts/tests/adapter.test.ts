// The adapter in Node against recorded exchanges: no Wasm, no network.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import type { AdapterError, ChatAnswer } from "@caisson/adapter";
import { chatRequest, embedRequest, Reply, Upstream, user } from "@caisson/adapter/testing";

import adapter from "../src/adapter.ts";

const fixture = (name: string): string => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8");
const messages = [{ role: "system" as const, content: "Be brief." }, user("Say hello")];
const ask = chatRequest({ model: "gpt-4o-mini", messages, maxTokens: 9 });

test("a question goes out and its answer comes back", async () => {
  const upstream = new Upstream(Reply.json(200, fixture("completion.json")));
  const { val } = (await upstream.complete(adapter, ask)) as { val: ChatAnswer };
  assert.deepEqual(val.choices[0]?.message.content, { tag: "text", val: "Hello! 👋" });
  assert.deepEqual([val.usage?.input, val.usage?.output], [18, 4]);
  const sent = upstream.requests[0]!;
  assert.equal(sent.url, "https://api.openai.com/v1/chat/completions");
  assert.deepEqual(sent.json(), {
    model: "gpt-4o-mini",
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Say hello" },
    ],
    max_tokens: 9,
  });
});

test("a stream reads the same wherever its bytes are split", async () => {
  const events = await new Upstream(Reply.sse(fixture("stream.sse")).splitAtEveryByte()).stream(adapter, ask);
  const texts = events.map((event) => (event.tag === "text" ? event.val.text : event.tag));
  assert.deepEqual(texts, ["Hello", "! 👋", "finish", "usage"]);
});

test("texts become vectors", async () => {
  const found = { data: [{ embedding: [0.5, 1.5] }, { embedding: [2] }], usage: { prompt_tokens: 3 } };
  const upstream = new Upstream(Reply.json(200, JSON.stringify(found)));
  const { vectors } = await upstream.embed(adapter, embedRequest(["a", "b"]));
  assert.deepEqual(
    vectors.map((vector) => [...vector]),
    [[0.5, 1.5], [2]],
  );
});

test("a refusal keeps its status and message", async () => {
  const refusal = Reply.json(429, '{"error":{"message":"slow down"}}').header("retry-after", "2");
  await assert.rejects(new Upstream(refusal).complete(adapter, ask), (error: AdapterError) => {
    assert.deepEqual([error.status, error.retryAfterMs, error.message], [429, 2000, "slow down"]);
    return true;
  });
});
