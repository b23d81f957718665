// Refusals: each of the provider's error types, and answers that are not its own.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Reply, Upstream } from "@caisson/adapter/testing";

import adapter from "../src/adapter.ts";
import { failureOf, fixture, plain } from "./asks.ts";

const body = (type: string, message: string): string =>
  JSON.stringify({ type: "error", error: { type, message }, request_id: "req_7" });

test("every error type keeps its status, code and words", async () => {
  for (const [status, code, kind] of [
    [400, "invalid_request_error", "invalid-request"],
    [401, "authentication_error", "authentication"],
    [402, "billing_error", "quota-exceeded"],
    [403, "permission_error", "permission"],
    [404, "not_found_error", "not-found"],
    [409, "conflict_error", "conflict"],
    [413, "request_too_large", "too-large"],
    [429, "rate_limit_error", "rate-limited"],
    [500, "api_error", "upstream"],
    [504, "timeout_error", "timeout"],
    [529, "overloaded_error", "upstream"],
  ] as const) {
    for (const stream of [false, true]) {
      const sent = body(code, "Come back later");
      const error = await failureOf(Reply.json(status, sent), stream);
      assert.deepEqual([error.kind, error.status, error.code, error.body], [kind, status, code, sent]);
      assert.equal(error.message, "Come back later (request req_7)");
    }
  }
});

test("some invalid requests are known by their words", async () => {
  for (const [message, kind] of [
    ["prompt is too long: 215000 tokens > 200000 maximum", "context-length"],
    ["input length and `max_tokens` exceed context limit: 1 + 2 > 2", "context-length"],
    ["Your credit balance is too low to access the API", "quota-exceeded"],
    ["max_tokens: must be positive", "invalid-request"],
  ]) {
    assert.equal((await failureOf(Reply.json(400, body("invalid_request_error", message!)))).kind, kind);
  }
});

test("the wait that the provider asks for is carried", async () => {
  const reply = Reply.json(429, body("rate_limit_error", "Slow")).header("retry-after", "17");
  assert.equal((await failureOf(reply)).retryAfterMs, 17_000);
});

test("the request id is found in the header too", async () => {
  const reply = Reply.json(500, { type: "error", error: { type: "api_error", message: "Internal" } });
  assert.equal((await failureOf(reply.header("request-id", "req_8"))).message, "Internal (request req_8)");
});

test("a proxy's page is bounded and judged by its status", async () => {
  const error = await failureOf(Reply.text(503, `<html>${"⚓".repeat(100_000)}</html>`));
  assert.deepEqual([error.kind, error.status], ["upstream", 503]);
  assert.ok((error.body?.length ?? 0) <= 4096 && error.message.length <= 8192);
});

test("a body of any shape is judged by its status", async () => {
  for (const odd of ["null", "[]", '{"error":7}', '{"error":{"type":7}}', '{"error":{"type":"new","message":[]}}']) {
    assert.equal((await failureOf(Reply.json(429, odd))).kind, "rate-limited", odd);
  }
});

test("a refused connection is an upstream error", async () => {
  assert.equal((await failureOf(Reply.connectionRefused())).kind, "upstream");
});

test("a failed request is sent again only if the operator says so", async () => {
  const overloaded = Reply.json(529, body("overloaded_error", "Overloaded"));
  const message = Reply.json(200, fixture("message.json"));
  const once = new Upstream(overloaded, message);
  await assert.rejects(once.complete(adapter, plain));
  assert.equal(once.requests.length, 1);
  const twice = new Upstream(overloaded, message);
  await twice.complete(adapter, plain, { settings: { "max-retries": "2" } });
  assert.deepEqual(twice.slept, [500]);
});
