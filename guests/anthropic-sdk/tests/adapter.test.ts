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
    system: "Be brief.",
    temperature: 1,
    messages: [{ role: "user", content: "Ahoy?" }],
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
  assert.deepEqual(calls.content[1], {
    type: "tool_use",
    id: "toolu_01A",
    name: "tide",
    input: { port: "Brest", days: 2 },
  });
  assert.deepEqual(told.content, [{ type: "tool_result", tool_use_id: "toolu_01A", content: "06:12" }]);
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
  assert.deepEqual(calls.slice(0, 4), [
    [0, "tide", ""],
    [0, undefined, ""],
    [0, undefined, '{"port": "Br'],
    [0, undefined, 'est"}'],
  ]);
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

test("what is not a text is refused with its place", async () => {
  const image = { tag: "image" as const, val: { source: { tag: "url" as const, val: "https://a.example/a.png" } } };
  const messages = [user({ tag: "parts", val: [image] })];
  await assert.rejects(new Upstream().complete(adapter, ask({ messages })), { param: "messages[0].content[0]" });
});
