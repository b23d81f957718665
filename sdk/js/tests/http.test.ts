// Requests, retries, limits on bodies, and `fetch` as others know it.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  AdapterError,
  configuredRetry,
  pathSegment,
  readJson,
  readText,
  type RetryOptions,
  send,
  sendOk,
} from "../src/index.ts";
import { context, Reply, Upstream } from "../src/testing/index.ts";

const URL = "https://a.example/v1";

test("a request goes out as it was described", async () => {
  const upstream = new Upstream(Reply.json(200, { ok: true }), Reply.text(200, ""), Reply.text(200, ""));
  const options = {
    json: { q: 1.5 },
    query: { key: "a b&c", none: undefined },
    headers: { "X-A": "b", skip: undefined },
  };
  assert.deepEqual(await upstream.run(async () => readJson(await sendOk(`${URL}?z=1`, options))), { ok: true });
  await upstream.run(() => send(URL));
  await upstream.run(() => send(URL, { method: "POST", body: "raw", headers: { "content-type": "text/x" } }));
  const [first, second, third] = upstream.requests;
  assert.equal(first?.url, "https://a.example/v1?z=1&key=a+b%26c");
  assert.deepEqual([first?.method, first?.body], ["POST", '{"q":1.5}']);
  assert.deepEqual(
    [...(first?.headers ?? [])],
    [
      ["content-type", "application/json"],
      ["x-a", "b"],
    ],
  );
  assert.deepEqual([second?.method, second?.body], ["GET", ""]);
  assert.deepEqual([third?.body, third?.headers.get("content-type")], ["raw", "text/x"]);
});

test("a model's name stays one segment of a path", () => {
  assert.equal(pathSegment("gpt-4.1"), "gpt-4.1");
  assert.equal(pathSegment("../admin?x=é'"), "..%2Fadmin%3Fx%3D%C3%A9%27");
  assert.equal(pathSegment(".."), "%252E%252E");
});

async function attempts(replies: Reply[], retry: RetryOptions | undefined): Promise<[number | string, number[]]> {
  const upstream = new Upstream(...replies);
  const outcome = await upstream.run(() =>
    send(URL, { retry }).then(
      (response) => response.status,
      (error: AdapterError) => error.kind,
    ),
  );
  assert.equal(upstream.requests.length, upstream.slept.length + 1);
  return [outcome, upstream.slept];
}

test("nothing is sent again unless asked for", async () => {
  assert.deepEqual(await attempts([Reply.text(429, ""), Reply.text(200, "")], undefined), [429, []]);
});

test("waits double up to their cap, and the last answer counts", async () => {
  const busy = Array.from({ length: 7 }, () => Reply.text(503, ""));
  assert.deepEqual(await attempts(busy, { times: 6 }), [503, [500, 1000, 2000, 4000, 8000, 8000]]);
});

test("what may be better is sent again, and nothing else", async () => {
  const again = async (reply: Reply): Promise<boolean> =>
    (await attempts([reply, Reply.text(200, "")], { times: 1 }))[1].length === 1;
  for (const status of [408, 409, 429, 500, 529]) assert.ok(await again(Reply.text(status, "")), String(status));
  for (const status of [200, 302, 400, 401, 404]) assert.ok(!(await again(Reply.text(status, ""))), String(status));
  assert.ok(await again(Reply.connectionRefused()));
  for (const reply of [Reply.denied(), Reply.timeout()]) assert.ok(!(await again(reply)));
  assert.ok(await again(Reply.text(400, "").header("x-should-retry", "true")));
  assert.ok(!(await again(Reply.text(500, "").header("x-should-retry", "false"))));
});

test("a wait that the provider asks for is obeyed up to a minute", async () => {
  const asked = (name: string, value: string): Promise<[number | string, number[]]> =>
    attempts([Reply.text(429, "").header(name, value), Reply.text(200, "")], { times: 1 });
  assert.deepEqual(await asked("retry-after", "3"), [200, [3000]]);
  assert.deepEqual(await asked("retry-after-ms", "250"), [200, [250]]);
  assert.deepEqual(await asked("retry-after", "61"), [429, []]);
});

test("no wait goes past the time there is", async () => {
  assert.deepEqual(await attempts([Reply.text(429, "")], { times: 3, withinMs: 400 }), [429, []]);
});

test("the setting max-retries decides, and has to be a number", () => {
  assert.deepEqual(configuredRetry(context()), { times: 0, withinMs: 60_000 });
  assert.equal(configuredRetry(context({ settings: { "max-retries": " 2 " } })).times, 2);
  for (const setting of ["two", "-1", "1.5"]) {
    assert.throws(() => configuredRetry(context({ settings: { "max-retries": setting } })), { kind: "internal" });
  }
});

test("a body over the limit, or no JSON, is the provider's fault", async () => {
  const read = (limit: number): Promise<string> =>
    new Upstream(Reply.text(200, "12345").splitAtEveryByte()).run(async () => readText(await send(URL), limit));
  assert.equal(await read(5), "12345");
  await assert.rejects(read(4), { kind: "upstream", message: /over 4 bytes/ });
  const html = new Upstream(Reply.text(200, "<html>")).run(async () => readJson(await send(URL)));
  await assert.rejects(html, { kind: "upstream", body: "<html>" });
});

test("fetch is the standard's, over the same script", async () => {
  const upstream = new Upstream(
    Reply.json(201, { a: 1 }).header("x-b", "c"),
    Reply.connectionRefused(),
    Reply.text(204, ""),
  );
  await upstream.run(async () => {
    const body = JSON.stringify({ q: 1 });
    const response = await fetch(URL, { method: "post", body, headers: { "content-length": "7", "x-a": "b" } });
    assert.deepEqual([response.status, response.ok, response.url, response.headers.get("x-b")], [201, true, URL, "c"]);
    assert.deepEqual(await response.json(), { a: 1 });
    await assert.rejects(fetch(new Request(URL)), { name: "TypeError", message: /connection refused/ });
    assert.equal((await fetch(URL)).body, null);
    await assert.rejects(fetch("ftp://a.example"), { name: "TypeError" });
    await assert.rejects(fetch(URL, { signal: AbortSignal.abort() }), { name: "AbortError" });
  });
  assert.deepEqual(upstream.requests[0]?.json(), { q: 1 });
  assert.equal(upstream.requests[0]?.headers.get("content-length"), null);
});

test("a body is read as fast as it is asked for and no faster", async () => {
  const upstream = new Upstream(Reply.text(200, "abc").splitAtEveryByte().breaksOff());
  const response = await upstream.run(() => fetch(URL));
  const reader = response.body!.getReader();
  assert.deepEqual((await reader.read()).value, new TextEncoder().encode("a"));
  await reader.cancel();
  assert.equal((await reader.read()).done, true);
});
