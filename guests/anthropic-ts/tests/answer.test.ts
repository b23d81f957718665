// Whole answers in: content, reasons, counts, and what has no name in the contract.

import assert from "node:assert/strict";
import { test } from "node:test";

import { type ChatAnswer, messageText } from "@caisson/adapter";
import { Reply, user } from "@caisson/adapter/testing";

import { answerTo, ask, failureOf, fixture, sent, told } from "./asks.ts";

const MESSAGE = fixture("message.json");
const TOOLS = fixture("message_tools.json");
const SEARCH = fixture("message_search.json");

/** The answer to a message that differs from the plain one in this field. */
function answerWith(field: string, value: unknown): Promise<ChatAnswer> {
  return answerTo(Reply.json(200, { ...JSON.parse(MESSAGE), [field]: value }));
}

test("a plain answer is read whole", async () => {
  const { id, model, serviceTier, extra, choices } = await answerTo(Reply.json(200, MESSAGE).splitAtEveryByte());
  assert.deepEqual([id, model, serviceTier, extra], ["msg_01Cq7", "claude-sonnet-5-5", "default", []]);
  const message = { role: "assistant", content: { tag: "text", val: "Grüß Gott, harbour!" } };
  assert.deepEqual(told(choices), [{ index: 0, message, finishReason: { tag: "stop" } }]);
});

test("cached tokens count as input", async () => {
  const { usage } = await answerTo(Reply.json(200, MESSAGE));
  assert.deepEqual(told(usage), {
    input: 12 + 300 + 4000,
    output: 9,
    total: 12 + 300 + 4000 + 9,
    cachedInput: 4000,
    cacheWriteInput: 300,
    reasoningOutput: 4,
    extra: [
      ["cache_creation", '{"ephemeral_5m_input_tokens":300,"ephemeral_1h_input_tokens":0}'],
      ["inference_geo", '"eu"'],
    ],
  });
});

test("absurd counts do not overflow", async () => {
  const absurd = { input_tokens: 2 ** 64, cache_read_input_tokens: 9, output_tokens: -3 };
  const { usage } = await answerWith("usage", absurd);
  assert.deepEqual([usage?.input, usage?.output, usage?.total], [0xffff_ffff, 0, 0xffff_ffff]);
});

test("thinking and tool calls have their places", async () => {
  const choice = (await answerTo(Reply.json(200, TOOLS))).choices[0]!;
  assert.equal(choice.finishReason.tag, "tool-calls");
  assert.equal(messageText(choice.message), "I will look both up.");
  assert.deepEqual(told(choice.message.reasoning), [
    { text: "Two ports, two calls.", signature: "EqQBCgIYAhIM", redacted: false },
    { text: "", signature: "EmwKAhgBEgy3", redacted: true },
  ]);
  const [tide, now] = choice.message.toolCalls;
  assert.deepEqual([tide?.id, tide?.kind, tide?.name, tide?.extra], ["toolu_01A", "function", "tide", []]);
  assert.equal(tide?.arguments, '{"port":"Brest","days":2}');
  assert.equal(now?.arguments, "{}");
  assert.deepEqual(now?.extra, [["caller", '{"type":"code_execution_20260120","tool_id":"srvtoolu_9"}']]);
  assert.deepEqual(choice.message.extra, [], "everything has a place, so nothing is kept twice");
});

test("arguments keep numbers that JavaScript cannot hold", async () => {
  const body = TOOLS.replace('"days":2', '"days":12345678901234567890, "share":1.0');
  const call = (await answerTo(Reply.json(200, body))).choices[0]!.message.toolCalls[0]!;
  assert.equal(call.arguments, '{"port":"Brest","days":12345678901234567890, "share":1.0}');
});

test("an answer sent back is what the provider wrote", async () => {
  for (const text of [TOOLS, SEARCH]) {
    const { message } = (await answerTo(Reply.json(200, text))).choices[0]!;
    const body = await sent(ask([user("?"), message]));
    assert.deepEqual(body.messages[1].content, JSON.parse(text).content);
  }
});

test("blocks without a place are kept beside the text", async () => {
  const { choices, extra } = await answerTo(Reply.json(200, SEARCH));
  const { message } = choices[0]!;
  assert.equal(messageText(message), "Let me look. High water is at 06:12.");
  assert.deepEqual(message.toolCalls, []);
  const [[name, list] = []] = message.extra;
  assert.equal(name, "anthropic_content");
  assert.deepEqual(JSON.parse(list ?? ""), JSON.parse(SEARCH).content);
  assert.deepEqual(extra, [["container", '{"id":"container_7","expires_at":"2026-11-22T17:00:00Z"}']]);
});

test("thinking between calls, and a lone text that cites, are kept in their order", async () => {
  const call = (id: string): object => ({ type: "tool_use", id, name: "tide", input: {} });
  const cited = [{ type: "text", text: "06:12", citations: [{ type: "page_location", start_page_number: 1 }] }];
  for (const blocks of [[call("a"), { type: "thinking", thinking: "Hm.", signature: "Eq" }, call("b")], cited]) {
    const { message } = (await answerWith("content", blocks)).choices[0]!;
    assert.deepEqual(JSON.parse(message.extra[0]?.[1] ?? ""), blocks);
  }
  for (const citations of [[], null]) {
    const { message } = (await answerWith("content", [{ type: "text", text: "06:12", citations }])).choices[0]!;
    assert.deepEqual([messageText(message), message.extra], ["06:12", []]);
  }
});

test("a block of an unreadable kind is kept", async () => {
  const blocks = [{ type: "hologram", text: { en: "Ahoy" } }, 7, { type: "text", text: "Ahoy" }];
  const { message } = (await answerWith("content", blocks)).choices[0]!;
  assert.equal(messageText(message), "Ahoy");
  assert.deepEqual(JSON.parse(message.extra[0]?.[1] ?? ""), blocks);
});

test("every stop reason has a finish reason", async () => {
  for (const [reason, finishReason, isTold] of [
    ["end_turn", { tag: "stop" }, false],
    ["stop_sequence", { tag: "stop" }, true],
    ["max_tokens", { tag: "length" }, false],
    ["tool_use", { tag: "tool-calls" }, false],
    ["refusal", { tag: "content-filter" }, true],
    ["model_context_window_exceeded", { tag: "length" }, true],
    ["pause_turn", { tag: "other", val: "pause_turn" }, false],
    ["tide_turned", { tag: "other", val: "tide_turned" }, false],
  ] as const) {
    const choice = (await answerWith("stop_reason", reason)).choices[0]!;
    assert.deepEqual(choice.finishReason, finishReason);
    assert.deepEqual(choice.extra, isTold ? [["stop_reason", `"${reason}"`]] : []);
  }
  const { extra } = (await answerWith("stop_details", { category: "bio" })).choices[0]!;
  assert.deepEqual(extra, [["stop_details", '{"category":"bio"}']]);
});

test("an answer without text has no content", async () => {
  assert.deepEqual((await answerWith("content", [])).choices[0]!.message.content, { tag: "empty" });
});

test("an answer that is no message is the provider's fault", async () => {
  for (const body of ["", "<html>", "[]", "{}", '{"content":"text"}', "null", "[".repeat(100_000)]) {
    assert.equal((await failureOf(Reply.json(200, body))).kind, "upstream", body.slice(0, 20));
  }
});
