// Refusals: each of the shapes that Mistral's errors have had, and answers that are not its own.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Reply, Upstream } from "@caisson/adapter/testing";

import adapter from "../src/adapter.ts";
import { failureOf, fixture, plain } from "./asks.ts";

const said = (message: unknown, more: object = {}): object => ({
  object: "error",
  message,
  type: "invalid_request_error",
  param: null,
  code: null,
  ...more,
});
const wrong = (loc: unknown[], msg = "Extra inputs are not permitted"): object => ({
  type: "extra_forbidden",
  loc,
  msg,
});

test("every status has its kind, streamed or not", async () => {
  for (const [status, kind] of [
    [400, "invalid-request"],
    [401, "authentication"],
    [402, "quota-exceeded"],
    [403, "permission"],
    [404, "not-found"],
    [422, "invalid-request"],
    [429, "rate-limited"],
    [500, "upstream"],
    [503, "upstream"],
    [504, "timeout"],
  ] as const) {
    for (const stream of [false, true]) {
      const error = await failureOf(Reply.json(status, said("Later", { code: "1300" })), stream);
      assert.deepEqual([error.kind, error.status, error.code, error.message], [kind, status, "1300", "Later"]);
    }
  }
});

test("plain messages are found wherever they are", async () => {
  for (const body of [
    { detail: "Unauthorized" },
    { message: "Unauthorized", request_id: "4f" },
    { error: { message: "Unauthorized" } },
  ]) {
    assert.equal((await failureOf(Reply.json(401, body))).message, "Unauthorized");
  }
});

test("lists of wrong fields name them as the client does, in every shape", async () => {
  const detail = [wrong(["body", "messages", 0, "user", "name"]), wrong(["body", "random_seed"], "Input too big")];
  for (const body of [
    { detail },
    said({ detail }),
    said(JSON.stringify({ detail })),
    said(detail, { detail, object: "Error", code: 3001 }),
  ]) {
    const error = await failureOf(Reply.json(422, body));
    assert.equal(error.message, "messages[0].name: Extra inputs are not permitted; seed: Input too big");
    assert.deepEqual([error.kind, error.status, error.param], ["invalid-request", 422, "messages[0].name"]);
  }
});

test("long lists and long echoes are cut", async () => {
  const many = Array.from({ length: 8 }, (_, n) => ({
    ...wrong(["body", "tools", n, "x"]),
    input: "y".repeat(20_000),
  }));
  const error = await failureOf(Reply.json(422, { detail: many }));
  assert.match(error.message, /^tools\[0\]\.x: .*tools\[4\]\.x: [^;]*; and 3 more$/);
  assert.ok((error.body?.length ?? 0) <= 4096);
});

test("a validator's own branches are no part of a field's place", async () => {
  const body = { detail: [wrong(["body", "stop", "list[str]", 2, "str()"])] };
  assert.equal((await failureOf(Reply.json(422, body))).param, "stop[2]");
});

test("a full context and a guardrail are told apart from the rest of their status", async () => {
  const long = "Prompt contains 40687 tokens and 0 draft tokens, too large for model with 32768 maximum context length";
  assert.equal((await failureOf(Reply.json(400, said(long, { code: "3051" })))).kind, "context-length");
  const blocked = said("Blocked", { code: 3201, guardrails: [{ moderation_llm_v2: { action: "block" } }] });
  const { kind, status, code } = await failureOf(Reply.json(403, blocked));
  assert.deepEqual([kind, status, code], ["content-filtered", 403, "3201"]);
  const violated = { error: { message: "Content blocked by guardrail", status: 403 }, guardrails: { results: {} } };
  const error = await failureOf(Reply.json(403, violated));
  assert.deepEqual(
    [error.kind, error.message, error.code],
    ["content-filtered", "Content blocked by guardrail", undefined],
  );
});

test("the wait that the provider asks for is carried", async () => {
  const reply = Reply.json(429, said("Slow")).header("retry-after", "17");
  assert.equal((await failureOf(reply)).retryAfterMs, 17_000);
});

test("a body of any shape, or of any size, is judged by its status", async () => {
  for (const odd of [
    "",
    "null",
    "[]",
    '{"detail":[7]}',
    '{"detail":[{"msg":7}]}',
    '{"detail":[{"loc":7,"msg":"m"}]}',
    '{"message":{"detail":{}}}',
    '{"message":"{"}',
    `<html>${"⚓".repeat(1_000_000)}</html>`,
    "[".repeat(50_000),
  ]) {
    const error = await failureOf(Reply.of(429, "text/html", odd));
    assert.deepEqual([error.kind, error.status], ["rate-limited", 429], odd.slice(0, 60));
    assert.ok((error.body?.length ?? 0) <= 4096 && error.message.length <= 8192);
  }
});

test("a refused connection is an upstream error", async () => {
  assert.equal((await failureOf(Reply.connectionRefused())).kind, "upstream");
});

test("a failed request is sent again only if the operator says so", async () => {
  const busy = Reply.json(503, said("Busy"));
  const answer = Reply.json(200, fixture("completion.json"));
  const once = new Upstream(busy, answer);
  await assert.rejects(once.complete(adapter, plain));
  assert.equal(once.requests.length, 1);
  const twice = new Upstream(busy, answer);
  await twice.complete(adapter, plain, { settings: { "max-retries": "2" } });
  assert.deepEqual(twice.slept, [500]);
});
