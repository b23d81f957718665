// What a provider's refusal, a fault on the way and anything thrown become.

import assert from "node:assert/strict";
import { test } from "node:test";

import { AdapterError, errorFromAnswer, send, sendOk } from "../src/index.ts";
import { Reply, Upstream } from "../src/testing/index.ts";

const URL = "https://a.example/v1";

async function refusal(reply: Reply): Promise<AdapterError> {
  try {
    await new Upstream(reply).run(() => sendOk(URL));
  } catch (error) {
    assert.ok(error instanceof AdapterError);
    return error;
  }
  throw new Error("no refusal");
}

test("every status has a kind", () => {
  for (const [status, kind] of [
    [400, "invalid-request"],
    [401, "authentication"],
    [402, "quota-exceeded"],
    [403, "permission"],
    [404, "not-found"],
    [408, "timeout"],
    [409, "conflict"],
    [410, "not-found"],
    [413, "too-large"],
    [418, "invalid-request"],
    [429, "rate-limited"],
    [500, "upstream"],
    [504, "timeout"],
    [529, "upstream"],
    [302, "upstream"],
  ] as const) {
    assert.equal(errorFromAnswer(status, "").kind, kind, String(status));
  }
});

test("the shapes in use give message, code and param", () => {
  const cases: [string, Partial<AdapterError>][] = [
    ['{"error":{"message":"no","code":"c","param":"p"}}', { message: "no", code: "c", param: "p" }],
    ['{"error":{"message":"no","type":"t","code":null}}', { message: "no", code: "t" }],
    ['{"error":"no","code":7}', { message: "no", code: "7" }],
    ['[{"error":{"message":"no","status":"S"}}]', { message: "no", code: "S" }],
    ['{"detail":"no"}', { message: "no" }],
    ['{"detail":[{"msg":"no"}]}', { message: "no" }],
    ['{"errors":[{"message":"no"}],"code":400}', { message: "no", code: undefined }],
    ['{"message":5}', { message: "5" }],
    ["busy\nmore", { message: "the provider answered with status 400: busy" }],
    ["<html>busy", { message: "the provider answered with status 400" }],
    ["null", { message: "the provider answered with status 400" }],
    ['{"__proto__":{"message":"no"},"error":[]}', { message: "the provider answered with status 400" }],
  ];
  for (const [body, expected] of cases) {
    const error = errorFromAnswer(400, body);
    for (const [name, value] of Object.entries(expected)) assert.equal(error[name as keyof AdapterError], value, body);
  }
});

test("a code that many share is more exact than the status", () => {
  const kind = (code: string): string => errorFromAnswer(400, JSON.stringify({ error: { message: "", code } })).kind;
  assert.equal(kind("insufficient_quota"), "quota-exceeded");
  assert.equal(kind("context_length_exceeded"), "context-length");
  assert.equal(kind("toString"), "invalid-request");
  assert.equal(errorFromAnswer(400, "the maximum context length is 8").kind, "context-length");
});

test("a refusal keeps status, body and the wait it asks for", async () => {
  const error = await refusal(Reply.json(429, { error: "slow down" }).header("retry-after", "1.5").splitAtEveryByte());
  assert.deepEqual([error.kind, error.status, error.retryAfterMs], ["rate-limited", 429, 1500]);
  assert.equal(error.body, '{"error":"slow down"}');
  const date = Reply.text(503, "").header("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT");
  assert.equal((await refusal(date.header("date", "Sun Nov  6 08:49:37 1994"))).retryAfterMs, 10_000);
  assert.equal((await refusal(Reply.text(503, "").header("retry-after", "soon"))).retryAfterMs, undefined);
});

test("a refusal without end is cut, and one that breaks off says what came", async () => {
  const huge = await refusal(Reply.text(500, "x".repeat(1 << 20)).chunkSize(10_000));
  assert.equal(huge.body?.length, 16 << 10);
  assert.ok(huge.message.length < 600);
  assert.match((await refusal(Reply.text(500, "bus").breaksOff())).message, /: bus$/);
});

test("a redirect is an error, since none is followed", async () => {
  assert.match((await refusal(Reply.text(302, "").header("location", "https://b.example"))).message, /redirect/);
});

test("faults on the way have their kinds", async () => {
  const fault = async (reply: Reply): Promise<AdapterError> => refusal(reply);
  assert.deepEqual({ ...(await fault(Reply.denied())) }.code, "egress_denied");
  assert.equal((await fault(Reply.timeout())).kind, "timeout");
  assert.equal(
    (await fault(Reply.connectionRefused())).message,
    "could not reach https://a.example: connection refused",
  );
});

test("a request that can't be sent is the adapter's mistake", async () => {
  const upstream = new Upstream();
  for (const url of ["", "a.example/v1", "ftp://a.example", "https://good.example@bad.example/", "https://a b/"]) {
    await assert.rejects(() => upstream.run(() => send(url)), { kind: "internal" }, url);
  }
  for (const [name, value] of [
    ["a b", ""],
    ["x", "a\r\nb: c"],
    ["Host", "b"],
    ["", ""],
  ] as const) {
    await assert.rejects(() => upstream.run(() => send(URL, { headers: { [name]: value } })), { kind: "internal" });
  }
  assert.equal(upstream.requests.length, 0);
  await assert.rejects(() => send(URL), { kind: "internal", message: /Upstream/ });
});

test("whatever is thrown becomes an error, and the nearest of its causes counts", () => {
  const known = new AdapterError("timeout", "late");
  assert.equal(AdapterError.from(known), known);
  assert.equal(AdapterError.from(new TypeError("fetch failed", { cause: known })), known);
  assert.equal(AdapterError.from(new Error("sdk", { cause: new TypeError("fetch failed", { cause: known }) })), known);
  assert.equal(AdapterError.from(AbortSignal.abort().reason).kind, "internal");
  assert.equal(AdapterError.from(new DOMException("", "TimeoutError")).kind, "timeout");
  for (const thrown of [undefined, null, "text", 7, {}, Symbol("s"), new Error("plain")]) {
    assert.equal(AdapterError.from(thrown).kind, "internal");
  }
  const loop = new Error("loop");
  loop.cause = loop;
  assert.equal(AdapterError.from(loop).kind, "internal");
});
