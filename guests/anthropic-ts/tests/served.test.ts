// The component behind the real endpoint, against an upstream that speaks the documented wire: what only both
// together show. Needs CAISSON_BIN and the built adapter.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { Server, ServerResponse } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { freePort, Runtime, skip as withoutRuntime, upstream } from "../../../sdk/js/tests/served/runtime.ts";
import { fixture } from "./asks.ts";

const COMPONENT = fileURLToPath(new URL("../../../target/adapters/anthropic-ts.wasm", import.meta.url));
const skip = withoutRuntime || (existsSync(COMPONENT) ? false : "the adapter is not built");

let runtime: Runtime;
let provider: { server: Server; url: string };
/** The requests that the provider got: headers and body. */
const got: { headers: Record<string, unknown>; body: any }[] = [];
let answer: (response: ServerResponse) => void | Promise<void>;

before(async () => {
  if (skip) return;
  provider = await upstream(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    got.push({ headers: request.headers, body: JSON.parse(body) });
    await answer(response);
  });
  runtime = await Runtime.start();
  runtime.push(COMPONENT, "claude", ...reaching(provider.url));
});

after(async () => {
  if (skip) return;
  await runtime.stop();
  provider.server.closeAllConnections();
  provider.server.close();
});

/** The options for an upstream; a credential belongs to one, and is given anew for another. */
const reaching = (url: string): string[] => {
  return ["--allow-host", url, "--set", `base-url=${url}`, "--credential", "api-key=env:THE_KEY"];
};

const ask = (more: object = {}): object => ({
  model: "claude/claude-sonnet-5-5",
  messages: [{ role: "user", content: "Ahoy?" }],
  ...more,
});
const json = (status: number, body: string, headers: Record<string, string> = {}): void => {
  answer = (response) => void response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
};

test("a plain answer comes back, and the host adds the key", { skip }, async () => {
  json(200, fixture("message.json"));
  const { status, body } = await runtime.ask(ask({ max_completion_tokens: 50, top_k: 5 }));
  assert.equal(status, 200);
  assert.deepEqual(body.choices[0].message, { role: "assistant", content: "Grüß Gott, harbour!", refusal: null });
  assert.deepEqual([body.usage.prompt_tokens, body.usage.completion_tokens], [4312, 9]);
  const { headers, body: sent } = got.at(-1)!;
  assert.deepEqual([headers["x-api-key"], headers["anthropic-version"]], ["sk-secret", "2023-06-01"]);
  assert.deepEqual([sent.max_tokens, sent.top_k, sent.model], [50, 5, "claude-sonnet-5-5"]);
});

test("a call of a tool goes out and comes back with its thinking", { skip }, async () => {
  json(200, fixture("message_tools.json"));
  const tide = { name: "tide", parameters: { type: "object", properties: { port: { type: "string" } } } };
  const { body } = await runtime.ask(ask({ tools: [{ type: "function", function: tide }] }));
  const [{ message, finish_reason }] = body.choices;
  assert.equal(finish_reason, "tool_calls");
  assert.deepEqual(message.tool_calls[0].function, { name: "tide", arguments: '{"port":"Brest","days":2}' });
  assert.equal(message.thinking_blocks[0].signature, "EqQBCgIYAhIM");
  assert.deepEqual(got.at(-1)?.body.tools, [{ name: "tide", input_schema: tide.parameters }]);
});

test("a stream cut anywhere is whole, and its beginning does not wait for its end", { skip }, async () => {
  const bytes = Buffer.from(fixture("stream_text.sse"));
  const half = bytes.indexOf("data", bytes.indexOf("Ahoy"));
  let goOn = (): void => {};
  answer = async (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (let at = 0; at < half; at += 7) response.write(bytes.subarray(at, Math.min(at + 7, half)));
    await new Promise<void>((resolve) => (goOn = resolve));
    for (let at = half; at < bytes.length; at += 5) response.write(bytes.subarray(at, at + 5));
    response.end();
  };
  const response = await runtime.post(
    "chat/completions",
    ask({ stream: true, stream_options: { include_usage: true } }),
  );
  let text = "";
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.includes('"Ahoy"')) goOn();
  }
  const chunks = text.split("\n").flatMap((line) => (/^data: \{/.test(line) ? [JSON.parse(line.slice(6))] : []));
  assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), 'Ahoy, ⚓ "mate"');
  assert.equal(chunks.at(-1).usage.total_tokens, 140);
  assert.match(text, /\[DONE\]/);
});

test("an error in the stream is told in the stream", { skip }, async () => {
  answer = (response) => void response.writeHead(200).end(fixture("stream_overloaded.sse"));
  const text = await (await runtime.post("chat/completions", ask({ stream: true }))).text();
  assert.match(text, /Half a[^]*data: \{"error":\{"message":"Overloaded \(request req_011CSH\)"/);
  assert.ok(!text.includes("[DONE]"));
});

test("refusals keep their status and the wait they ask for, streamed or not", { skip }, async () => {
  for (const [status, type] of [
    [429, "rate_limit_error"],
    [529, "overloaded_error"],
  ] as const) {
    json(status, JSON.stringify({ type: "error", error: { type, message: "Later" } }), { "retry-after": "3" });
    for (const stream of [false, true]) {
      const { status: told, headers, body } = await runtime.ask(ask({ stream }));
      assert.deepEqual([told, headers.get("retry-after"), body.error.message], [status, "3", "Later"]);
    }
  }
});

test("a refused connection is a clear error, however big the request", { skip }, async () => {
  runtime.set("claude", ...reaching(`http://127.0.0.1:${await freePort()}`));
  for (const content of ["Ahoy?", "x".repeat(3_000_000)]) {
    const { status, body } = await runtime.ask(ask({ messages: [{ role: "user", content }] }));
    assert.deepEqual([status, body.error.code], [502, "upstream_error"]);
    assert.match(body.error.message, /connection refused/);
  }
});
