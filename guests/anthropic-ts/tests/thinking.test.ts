// `reasoning_effort` by generation of model, and what thinking does to other fields.

import assert from "node:assert/strict";
import { test } from "node:test";

import type { ChatRequest, Draft, Message } from "@caisson/adapter";
import { user } from "@caisson/adapter/testing";

import { ask, plain, sent } from "./asks.ts";

const effort = (model: string, reasoningEffort: string, more: Draft<ChatRequest> = {}): ChatRequest =>
  ask([user("Ahoy?")], { model, reasoningEffort, ...more });

test("models up to four and a half think within a budget", async () => {
  const budgets = { minimal: 1024, low: 2048, medium: 8192, high: 16_384, xhigh: 32_000, max: 32_000 };
  for (const [level, budget_tokens] of Object.entries(budgets)) {
    for (const model of ["claude-haiku-4-5", "claude-opus-4-5-20251101", "claude-3-7-sonnet-latest", "claude-opus-4"]) {
      const body = await sent(effort(model, level));
      assert.deepEqual(body.thinking, { type: "enabled", budget_tokens });
      assert.equal(body.max_tokens, budget_tokens + 4096);
      assert.equal(body.output_config, undefined);
    }
  }
});

test("later models are told an effort", async () => {
  for (const [level, told] of Object.entries({ minimal: "low", low: "low", high: "high", xhigh: "xhigh" })) {
    for (const model of ["claude-opus-4-6", "claude-sonnet-5", "claude-haiku-5-5", "claude-new-9"]) {
      const body = await sent(effort(model, level));
      assert.deepEqual(body.thinking, { type: "adaptive", display: "summarized" });
      assert.deepEqual(body.output_config, { effort: told });
    }
  }
  assert.equal((await sent(effort("claude-opus-5-5", "medium"))).max_tokens, 4096 + 8192);
});

test("no effort asks for no thinking", async () => {
  assert.equal((await sent(plain)).thinking, undefined);
  const body = await sent(effort("claude-sonnet-5-5", "none", { temperature: 0.3 }));
  assert.deepEqual([body.thinking, body.temperature, body.max_tokens], [{ type: "disabled" }, 0.3, 4096]);
  assert.equal(body.output_config, undefined);
});

test("the budget fits below the client's cap", async () => {
  for (const [maxTokens, budget] of [
    [20_000, 8192],
    [4000, 3000],
    [1366, 1025],
    [1025, 1024],
    [1024, undefined],
    [0, undefined],
  ]) {
    const body = await sent(effort("claude-haiku-4-5", "medium", { maxTokens }));
    assert.deepEqual([body.thinking?.budget_tokens, body.max_tokens], [budget, maxTokens]);
  }
});

test("thinking fixes the sampling", async () => {
  for (const model of ["claude-haiku-4-5", "claude-opus-4-6"]) {
    const body = await sent(effort(model, "low", { temperature: 0.2, topP: 0.5 }));
    assert.deepEqual([body.temperature, body.top_p], [undefined, undefined]);
    assert.equal((await sent(effort(model, "low", { topP: 0.97 }))).top_p, 0.97);
  }
});

test("a forced tool call is not thought about", async () => {
  const forced: Draft<ChatRequest> = { tools: [{ name: "tide" }], toolChoice: { tag: "required" }, temperature: 0.2 };
  const budgeted = await sent(effort("claude-haiku-4-5", "high", forced));
  assert.deepEqual([budgeted.thinking, budgeted.max_tokens, budgeted.temperature], [undefined, 4096, 0.2]);
  const later = await sent(effort("claude-sonnet-4-6", "high", forced));
  assert.deepEqual([later.thinking, later.output_config], [undefined, { effort: "high" }]);
});

test("a budget is dropped where the client dropped the thinking behind its calls", async () => {
  const calling = (signature: string | undefined, extra = {}): Draft<Message> => ({
    role: "assistant",
    reasoning: [{ text: "Hm.", signature }],
    toolCalls: [{ id: "call_1", name: "tide", arguments: "{}" }],
    extra,
  });
  const type = async (call: Draft<Message>, model: string): Promise<string | undefined> => {
    const messages = [user("Tide?"), call, { role: "tool" as const, toolCallId: "call_1", content: "06:12" }];
    return (await sent(ask(messages, { model, reasoningEffort: "low" }))).thinking?.type;
  };
  assert.equal(await type(calling(undefined), "claude-haiku-4-5"), undefined);
  assert.equal(await type(calling(undefined), "claude-opus-5"), "adaptive");
  assert.equal(await type(calling("EqQB"), "claude-haiku-4-5"), "enabled");
  assert.equal(await type(calling(undefined, { anthropic_content: [] }), "claude-haiku-4-5"), "enabled");
});

test("the client's own thinking and effort win", async () => {
  const own = (thinking: object): Promise<Record<string, any>> =>
    sent(effort("claude-haiku-4-5", "high", { temperature: 0.2, extra: { thinking } }));
  const enabled = await own({ type: "enabled", budget_tokens: 5000 });
  assert.deepEqual(enabled.thinking, { type: "enabled", budget_tokens: 5000 });
  assert.deepEqual([enabled.max_tokens, enabled.temperature, enabled.output_config], [9096, undefined, undefined]);
  assert.equal((await own({ type: "disabled" })).temperature, 0.2);
  const adaptive = await own({ type: "adaptive" });
  assert.deepEqual([adaptive.thinking, adaptive.output_config], [{ type: "adaptive" }, { effort: "high" }]);
  const extra = { output_config: { effort: "max" } };
  assert.deepEqual((await sent(effort("claude-opus-5-5", "low", { extra }))).output_config, { effort: "max" });
});
