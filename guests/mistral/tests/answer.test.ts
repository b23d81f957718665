// Whole answers in, chat and embeddings: texts, thinking, calls, counts, and what has no place in OpenAI's shape.

import assert from "node:assert/strict";
import { test } from "node:test";

import type { EmbedRequest } from "@caisson/adapter";
import { embedRequest, Reply, Upstream } from "@caisson/adapter/testing";

import adapter from "../src/adapter.ts";
import { answerTo, failureOf, fixture, told } from "./asks.ts";

/** An answer with this message, as JSON text. */
const saying = (message: string, more = ""): Reply =>
  Reply.json(200, `{"choices":[{"index":0,"message":${message},"finish_reason":"stop"${more}}]}`);

async function embed(reply: Reply, request: EmbedRequest = embedRequest(["a", "b"], { model: "mistral-embed" })) {
  const upstream = new Upstream(reply);
  const response = await upstream.embed(adapter, request);
  return { response, sent: upstream.requests[0]! };
}

test("a plain answer comes with its counts", async () => {
  assert.deepEqual(told(await answerTo(Reply.json(200, fixture("completion.json")))), {
    id: "0d93cd053f4c4b3ca627ccd07cf2f18c",
    model: "mistral-small-latest",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: { tag: "text", val: "Grüß Gott, harbour!" } },
        finishReason: { tag: "stop" },
      },
    ],
    usage: {
      input: 77,
      output: 9,
      total: 86,
      cachedInput: 64,
      extra: [["prompt_tokens_details", '{ "cached_tokens": 64 }']],
    },
  });
});

test("thinking and calls come with their arguments as they were written", async () => {
  const { choices } = await answerTo(Reply.json(200, fixture("completion_tools.json")));
  const { message, finishReason } = choices[0]!;
  assert.deepEqual(finishReason, { tag: "tool-calls" });
  assert.deepEqual(told(message), {
    role: "assistant",
    content: { tag: "empty" },
    reasoning: [{ text: "Two calls.", redacted: false }],
    toolCalls: [
      { id: "D681PevKs", kind: "function", name: "tide", arguments: '{"port": "Brest", "days": 1.0}' },
      { id: "", kind: "function", name: "now", arguments: '{ "zone": 12345678901234567890 }' },
    ],
  });
});

test("finish reasons are OpenAI's, and unknown ones go through", async () => {
  for (const [word, reason] of [
    ["stop", { tag: "stop" }],
    ["length", { tag: "length" }],
    ["model_length", { tag: "length" }],
    ["tool_calls", { tag: "tool-calls" }],
    ["error", { tag: "other", val: "error" }],
  ] as const) {
    const choice = { index: 0, message: { content: "x" }, finish_reason: word };
    assert.deepEqual((await answerTo(Reply.json(200, { choices: [choice] }))).choices[0]?.finishReason, reason);
  }
});

test("thinking, then text, is not kept a second time", async () => {
  const content = `[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}],"signature":"s"},
    {"type":"text","text":"It is "},{"type":"text","text":"391"}]`;
  const { message } = (await answerTo(saying(`{"content":${content}}`))).choices[0]!;
  assert.deepEqual(told(message), {
    role: "assistant",
    content: { tag: "text", val: "It is 391" },
    reasoning: [{ text: "Hm", signature: "s", redacted: false }],
  });
});

test("references, and thinking after text, are kept whole", async () => {
  for (const content of [
    '[{"type":"text","text":"At 06:12"},{"type":"reference","reference_ids":[3.0]}]',
    '[{"type":"text","text":"a"},{"type":"thinking","thinking":[{"type":"text","text":"b"}]}]',
    '[{"type":"thinking","thinking":[{"type":"tool_reference","tool":"web_search","title":"t"}]}]',
    '[{"type":"text","text":"a","new":1}]',
    '["odd"]',
  ]) {
    const { message } = (await answerTo(saying(`{"content":${content}}`))).choices[0]!;
    assert.deepEqual(message.extra, [["mistral_content", content]]);
  }
});

test("fields without a name come through as they were", async () => {
  const body = '{"id":"1","choices":[{"message":{"content":"x","new":1.0},"later":2.0}],"guardrails":{"a":3.0}}';
  const answer = await answerTo(Reply.json(200, body));
  assert.deepEqual(answer.extra, [["guardrails", '{"a":3.0}']]);
  assert.deepEqual(answer.choices[0]?.extra, [["later", "2.0"]]);
  assert.deepEqual(answer.choices[0]?.message.extra, [["new", "1.0"]]);
});

test("an answer of any other shape is the provider's fault", async () => {
  for (const body of [
    "not json",
    "null",
    "[]",
    "{}",
    '{"choices":[]}',
    '{"choices":[7]}',
    '{"choices":[{"message":7}]}',
    '{"choices":[{"message":{"content":7}}]}',
    '{"choices":[{"message":{"tool_calls":[{}]}}]}',
    "[".repeat(50_000),
  ]) {
    assert.equal((await failureOf(Reply.json(200, body))).kind, "upstream", body.slice(0, 60));
  }
});

test("chunks nested without end do no harm", async () => {
  const depth = 2_000;
  const nested = `${'{"type":"thinking","thinking":['.repeat(depth)}${"]}".repeat(depth)}`;
  assert.equal((await answerTo(saying(`{"content":[${nested}]}`))).choices[0]?.message.reasoning.length, 1);
});

test("vectors come in the order of the inputs", async () => {
  const request = embedRequest(["a", "b"], {
    model: "codestral-embed",
    dimensions: 2,
    extra: { output_dtype: "float" },
  });
  const { response, sent } = await embed(Reply.json(200, fixture("embeddings.json")), request);
  assert.equal(sent.url, "https://api.mistral.ai/v1/embeddings");
  assert.equal(sent.body, '{"model":"codestral-embed","input":["a","b"],"output_dimension":2,"output_dtype":"float"}');
  assert.deepEqual(response.vectors, [Float32Array.of(0.5, 0.125), Float32Array.of(0.25, -1)]);
  assert.deepEqual([response.model, response.usage?.input, response.usage?.total], ["mistral-embed", 15, 15]);
});

test("token ids are refused", async () => {
  const request: EmbedRequest = { ...embedRequest([]), input: { tag: "tokens", val: [Uint32Array.of(1)] } };
  await assert.rejects(new Upstream().embed(adapter, request), { kind: "unsupported", param: "input" });
});

test("embeddings of any other shape are the provider's fault", async () => {
  for (const body of [
    "{}",
    '{"data":7}',
    '{"data":[null]}',
    '{"data":[{"embedding":"AAAA"}]}',
    '{"data":[{"embedding":[1,"2"]}]}',
    '{"data":[{"embedding":[1e39]}]}',
    '{"data":[]}',
    '{"data":[{"embedding":[1]}]}',
    '{"data":[{"index":1,"embedding":[1]},{"index":1,"embedding":[1]}]}',
  ]) {
    await assert.rejects(embed(Reply.json(200, body)), { kind: "upstream" }, body);
  }
});
