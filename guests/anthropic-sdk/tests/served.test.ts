// The component behind the real endpoint: the SDK inside the engine, and the host's key in place of the dummy. Needs
// CAISSON_BIN and the built adapter.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { Runtime, skip as withoutRuntime, upstream } from "../../../sdk/js/tests/served/runtime.ts";

const COMPONENT = fileURLToPath(new URL("../../../target/adapters/anthropic-sdk.wasm", import.meta.url));
const skip = withoutRuntime || (existsSync(COMPONENT) ? false : "the adapter is not built");

const fixture = (name: string): string =>
  readFileSync(new URL(`../../anthropic/fixtures/${name}`, import.meta.url), "utf8");

test("the provider gets the operator's key, and the client the answer, whole and streamed", { skip }, async () => {
  const keys: unknown[] = [];
  const { server, url } = await upstream(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    keys.push(request.headers["x-api-key"]);
    const { stream } = JSON.parse(body);
    const type = stream ? "text/event-stream" : "application/json";
    response.writeHead(200, { "content-type": type }).end(fixture(stream ? "stream_text.sse" : "message.json"));
  });
  const runtime = await Runtime.start();
  const granted = ["--allow-host", url, "--set", `base-url=${url}`, "--credential", "api-key=env:THE_KEY"];
  runtime.push(COMPONENT, "sdk", ...granted);
  const request = { model: "sdk/claude-sonnet-5-5", messages: [{ role: "user", content: "Ahoy?" }] };
  const { body } = await runtime.ask(request);
  assert.equal(body.choices[0].message.content, "Grüß Gott, harbour!");
  const streamed = await (await runtime.post("chat/completions", { ...request, stream: true })).text();
  assert.match(streamed, /"Ahoy"[^]*\[DONE\]/);
  assert.deepEqual(keys, ["sk-secret", "sk-secret"]);
  await runtime.stop();
  server.close();
});
