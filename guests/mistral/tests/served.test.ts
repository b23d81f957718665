// The component behind the real endpoint, against an upstream that speaks the documented wire: what only both
// together show. Needs CAISSON_BIN and the built adapter.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { Server, ServerResponse } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { freePort, Runtime, skip as withoutRuntime, upstream } from "../../../sdk/js/tests/served/runtime.ts";
import { fixture } from "./asks.ts";

const COMPONENT = fileURLToPath(new URL("../../../target/adapters/mistral.wasm", import.meta.url));
const skip = withoutRuntime || (existsSync(COMPONENT) ? false : "the adapter is not built");

let runtime: Runtime;
let provider: { server: Server; url: string };
/** The requests that the provider got: path, headers and body. */
const got: { url: string | undefined; headers: Record<string, unknown>; body: any }[] = [];
let answer: (response: ServerResponse) => void | Promise<void>;

before(async () => {
  if (skip) return;
  provider = await upstream(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    got.push({ url: request.url, headers: request.headers, body: JSON.parse(body) });
    await answer(response);
  });
  runtime = await Runtime.start();
  runtime.push(COMPONENT, "mistral", ...reaching(provider.url));
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
  model: "mistral/mistral-small-latest",
  messages: [{ role: "user", content: "Ahoy?" }],
  ...more,
});
const json = (status: number, body: string, headers: Record<string, string> = {}): void => {
  answer = (response) => void response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
};

test("a plain answer comes back, and the host adds the key", { skip }, async () => {
  json(200, fixture("completion.json"));
  const { status, body } = await runtime.ask(
    ask({
      max_completion_tokens: 50,
      seed: 7,
      tool_choice: "any",
      logprobs: true,
      user: "ann",
      prompt_mode: "reasoning",
    }),
  );
  assert.equal(status, 200);
  assert.deepEqual(body.choices[0].message, { role: "assistant", content: "Grüß Gott, harbour!", refusal: null });
  assert.deepEqual([body.usage.prompt_tokens, body.usage.prompt_tokens_details.cached_tokens], [77, 64]);
  const { url, headers, body: sent } = got.at(-1)!;
  assert.deepEqual([url, headers.authorization], ["/v1/chat/completions", "Bearer sk-secret"]);
  assert.deepEqual(sent, {
    model: "mistral-small-latest",
    messages: [{ role: "user", content: "Ahoy?" }],
    tool_choice: "any",
    max_tokens: 50,
    random_seed: 7,
    prompt_mode: "reasoning",
  });
});

test("an answer with thinking and calls goes back as it came", { skip }, async () => {
  json(200, fixture("completion_tools.json"));
  const { body } = await runtime.ask(ask({ tools: [{ type: "function", function: { name: "tide" } }] }));
  const [{ message, finish_reason }] = body.choices;
  assert.deepEqual([finish_reason, message.reasoning_content], ["tool_calls", "Two calls."]);
  const results = message.tool_calls.map(({ id }: { id: string }) => ({
    role: "tool",
    tool_call_id: id,
    content: "1",
  }));
  await runtime.ask(ask({ messages: [{ role: "user", content: "Tide?" }, message, ...results] }));
  const [, assistant, ...answers] = got.at(-1)!.body.messages;
  assert.deepEqual(assistant.content, [{ type: "thinking", thinking: [{ type: "text", text: "Two calls." }] }]);
  const ids = assistant.tool_calls.map(({ id }: { id: string }) => id);
  assert.deepEqual(
    answers.map((answered: { tool_call_id: string }) => answered.tool_call_id),
    ids,
  );
  assert.equal(ids[0], "D681PevKs");
  assert.match(ids[1], /^[A-Za-z0-9]{9}$/);
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
  const asked = ask({ stream: true, stream_options: { include_usage: true } });
  const response = await runtime.post("chat/completions", asked);
  let text = "";
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.includes('"Ahoy"')) goOn();
  }
  const chunks = text.split("\n").flatMap((line) => (/^data: \{/.test(line) ? [JSON.parse(line.slice(6))] : []));
  assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), 'Ahoy, ⚓ "mate"');
  assert.deepEqual(
    chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? []),
    ["length"],
  );
  assert.equal(chunks.at(-1).usage.total_tokens, 20);
  assert.match(text, /\[DONE\]/);
  assert.deepEqual([got.at(-1)!.body.stream, got.at(-1)!.body.stream_options], [true, undefined]);
});

test("embeddings come back in order", { skip }, async () => {
  json(200, fixture("embeddings.json"));
  const asked = { model: "mistral/mistral-embed", input: ["a", "b"], dimensions: 2, encoding_format: "float" };
  const body = (await (await runtime.post("embeddings", asked)).json()) as any;
  assert.deepEqual(
    body.data.map(({ embedding }: { embedding: number[] }) => embedding),
    [
      [0.5, 0.125],
      [0.25, -1],
    ],
  );
  const { url, body: sent } = got.at(-1)!;
  assert.equal(url, "/v1/embeddings");
  assert.deepEqual(sent, { model: "mistral-embed", input: ["a", "b"], output_dimension: 2 });
});

test("refusals keep their status and the wait they ask for, streamed or not", { skip }, async () => {
  const refusal = { object: "error", message: "Rate limit exceeded", type: "rate_limited", param: null, code: "1300" };
  json(429, JSON.stringify(refusal), { "retry-after": "3" });
  for (const stream of [false, true]) {
    const { status, headers, body } = await runtime.ask(ask({ stream }));
    assert.deepEqual([status, headers.get("retry-after"), body.error.message], [429, "3", "Rate limit exceeded"]);
    assert.deepEqual([body.error.code, body.error.provider.code], ["provider_error", "1300"]);
  }
});

test("a refused connection is a clear error", { skip }, async () => {
  runtime.set("mistral", ...reaching(`http://127.0.0.1:${await freePort()}`));
  const { status, body } = await runtime.ask(ask());
  assert.deepEqual([status, body.error.code], [502, "upstream_error"]);
  assert.match(body.error.message, /connection refused/);
});
