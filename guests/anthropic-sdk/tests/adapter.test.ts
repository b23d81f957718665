// The SDK between the kit's `fetch` and the contract: what goes out, what comes back, and what refusals become.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import type { ChatRequest, Draft } from "@caisson/adapter";
import { chatRequest, Reply, Upstream, user } from "@caisson/adapter/testing";

import adapter from "../src/adapter.ts";

const fixture = (name: string): string =>
  readFileSync(new URL(`../../anthropic/fixtures/${name}`, import.meta.url), "utf8");

const ask = (more: Draft<ChatRequest> = {}): ChatRequest =>
  chatRequest({ model: "claude-sonnet-5-5", messages: [user("Ahoy?")], ...more });

test("a request goes out through the SDK, with a key that opens nothing", async () => {
  const upstream = new Upstream(Reply.json(200, fixture("message.json")));
  const messages = [{ role: "system" as const, content: "Be brief." }, user("Ahoy?")];
  const answer = await upstream.complete(adapter, ask({ messages, temperature: 2 }), { baseUrl: "http://a.example/x" });
  const { url, headers, json } = upstream.requests[0]!;
  assert.equal(url, "http://a.example/x/v1/messages");
  assert.deepEqual(
    [headers.get("x-api-key"), headers.get("anthropic-version")],
    ["the host puts the real one in its place", "2023-06-01"],
  );
  assert.deepEqual(json(), {
    model: "claude-sonnet-5-5",
    max_tokens: 4096,
    system: [{ type: "text", text: "Be brief." }],
    temperature: 1,
    messages: [{ role: "user", content: [{ type: "text", text: "Ahoy?" }] }],
    stream: false,
  });
  const [choice] = answer.tag === "answer" ? answer.val.choices : [];
  assert.deepEqual(choice?.message.content, { tag: "text", val: "Grüß Gott, harbour!" });
});

test("functions go out, and calls come back and go out again", async () => {
  const upstream = new Upstream(
    Reply.json(200, fixture("message_tools.json")),
    Reply.json(200, fixture("message.json")),
  );
  const answer = await upstream.complete(adapter, ask({ tools: [{ name: "tide" }] }));
  const [choice] = answer.tag === "answer" ? answer.val.choices : [];
  assert.equal(choice?.finishReason.tag, "tool-calls");
  assert.equal(choice?.message.toolCalls[0]?.arguments, '{"port":"Brest","days":2}');
  const result = { role: "tool" as const, toolCallId: "toolu_01A", content: "06:12" };
  await upstream.complete(adapter, ask({ messages: [user("Tide?"), choice!.message, result] }));
  const [, calls, told] = (upstream.requests[1]!.json() as any).messages;
  assert.deepEqual(
    calls.content.map(({ type }: { type: string }) => type),
    ["thinking", "redacted_thinking", "text", "tool_use", "tool_use"],
  );
  assert.deepEqual(calls.content[3], {
    type: "tool_use",
    id: "toolu_01A",
    name: "tide",
    input: { port: "Brest", days: 2 },
  });
  assert.deepEqual(told.content, [
    { type: "tool_result", tool_use_id: "toolu_01A", content: [{ type: "text", text: "06:12" }] },
  ]);
});

test("a stream gives text, calls, the finish and counts, however it is cut", async () => {
  const texts = await new Upstream(Reply.sse(fixture("stream_text.sse")).splitAtEveryByte()).stream(adapter, ask());
  assert.deepEqual(
    texts.map(({ tag }) => tag),
    ["start", "text", "text", "finish", "usage"],
  );
  const tools = await new Upstream(Reply.sse(fixture("stream_tools.sse"))).stream(adapter, ask());
  const calls = tools.flatMap((each) =>
    each.tag === "tool" ? [[each.val.index, each.val.name, each.val.arguments]] : [],
  );
  assert.deepEqual(calls, [
    [0, "tide", ""],
    [0, undefined, '{"port": "Br'],
    [0, undefined, 'est"}'],
    [1, "now", ""],
    [1, undefined, "{}"],
  ]);
  const usage = tools.flatMap((each) => (each.tag === "usage" ? [[each.val.input, each.val.output]] : []));
  assert.deepEqual(usage, [[50, 61]]);
});

test("thinking comes back with its proof, whole and streamed", async () => {
  const answer = await new Upstream(Reply.json(200, fixture("message_tools.json"))).complete(adapter, ask());
  const [choice] = answer.tag === "answer" ? answer.val.choices : [];
  const proofs = choice?.message.reasoning.map(({ signature, redacted }) => [signature, redacted]);
  const streamed = await new Upstream(Reply.sse(fixture("stream_tools.sse"))).stream(adapter, ask());
  const pieces = streamed.flatMap((each) =>
    each.tag === "reasoning" ? [[each.val.text, each.val.signature, each.val.redacted]] : [],
  );
  assert.deepEqual(proofs?.at(-1)?.[1], true);
  assert.deepEqual(pieces, [
    ["Two ", undefined, false],
    ["calls.", undefined, false],
    ["", "EqQBCgIYAhIM", false],
    ["", "EmwKAhgBEgy3", true],
  ]);
});

test("a server tool's arguments are no call of the client's", async () => {
  const events = await new Upstream(Reply.sse(fixture("stream_search.sse"))).stream(adapter, ask());
  assert.deepEqual(
    events.map(({ tag }) => tag),
    ["start", "text", "text", "finish", "usage"],
  );
});

test("refusals keep their status, words and wait", async () => {
  const body = { type: "error", error: { type: "rate_limit_error", message: "Slow" } };
  for (const call of [
    new Upstream(Reply.json(429, body).header("retry-after", "3")).complete(adapter, ask()),
    new Upstream(Reply.json(429, body).header("retry-after", "3")).stream(adapter, ask()),
  ]) {
    await assert.rejects(call, { kind: "rate-limited", status: 429, message: "Slow", retryAfterMs: 3000 });
  }
});

test("a gateway's refusal keeps its status though it is no JSON", async () => {
  for (const [status, words] of [
    [413, ""],
    [503, "<html>busy</html>"],
  ] as const) {
    const refused = new Upstream(Reply.text(status, words)).complete(adapter, ask());
    await assert.rejects(refused, (error: { status?: number; message: string }) => {
      assert.equal(error.status, status);
      return error.message.includes(words);
    });
  }
});

test("an error in a stream, and faults on the way, are the provider's", async () => {
  const { failure } = await new Upstream(Reply.sse(fixture("stream_overloaded.sse"))).play(adapter, ask());
  assert.deepEqual([failure?.kind, failure?.message], ["upstream", "Overloaded"]);
  await assert.rejects(new Upstream(Reply.connectionRefused()).complete(adapter, ask()), { kind: "upstream" });
  await assert.rejects(new Upstream(Reply.denied()).complete(adapter, ask()), { code: "egress_denied" });
});

test("a stream that ends before its end, or was none, is the provider's failure", async () => {
  const cut = fixture("stream_text.sse").split("event: message_stop")[0] ?? "";
  for (const stream of [cut, "", "\ufffd\n\ndata: }{\n\n"]) {
    const { failure } = await new Upstream(Reply.sse(stream)).play(adapter, ask());
    assert.deepEqual([failure?.kind, failure?.message], ["upstream", "the stream broke off before its end"], stream);
  }
});

test("what has no counterpart is refused with its place", async () => {
  const file = { tag: "file" as const, val: { source: { tag: "id" as const, val: "file_1" } } };
  for (const [more, param] of [
    [{ messages: [user({ tag: "parts", val: [file] })] }, "messages[0].content[0]"],
    [{ n: 2 }, "n"],
    [{ reasoningEffort: "high" }, "reasoning_effort"],
    [{ tools: [{ kind: "custom", name: "sql" }] }, "tools[0]"],
  ] as const) {
    await assert.rejects(new Upstream().complete(adapter, ask(more as Draft<ChatRequest>)), {
      kind: "unsupported",
      param,
    });
  }
});

test("the API's own fields go through, OpenAI's hints stay behind, and thinking raises the cap", async () => {
  const upstream = new Upstream(Reply.json(200, fixture("message.json")));
  const thinking = { type: "enabled", budget_tokens: 5000 };
  await upstream.complete(adapter, ask({ extra: { top_k: 5, thinking, store: true, service_tier: "auto" } }));
  const { messages: _, ...rest } = upstream.requests[0]!.json() as any;
  assert.deepEqual(rest, { model: "claude-sonnet-5-5", max_tokens: 9096, top_k: 5, thinking, stream: false });
});

test("an error in a stream has the status that its type stands for", async () => {
  const { failure } = await new Upstream(Reply.sse(fixture("stream_overloaded.sse"))).play(adapter, ask());
  assert.deepEqual([failure?.status, failure?.code], [529, "overloaded_error"]);
});
