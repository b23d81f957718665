// The kit inside a component: `fetch`, streams and faults as the host gives them. The cases are those in which the
// engine's own `fetch` traps, hangs or says too little.

import assert from "node:assert/strict";
import type { Server } from "node:http";
import { after, before, test } from "node:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildAdapter } from "../../src/build.ts";
import { freePort, type Got, Runtime, skip, upstream } from "./runtime.ts";

let runtime: Runtime;
let provider: { server: Server; url: string };
let nobody: string;
/** Lets a paused answer of the provider go on. */
let goOn: () => void;

before(async () => {
  if (skip) return;
  provider = await upstream(async (request, response) => {
    if (request.url === "/early") {
      response.writeHead(413).end("too big");
      return;
    }
    let length = 0;
    for await (const piece of request) length += (piece as Buffer).length;
    if (request.url === "/echo") response.end(JSON.stringify({ length, headers: request.headers }));
    if (request.url === "/breaks")
      response.writeHead(200, { "content-length": "9" }).write("abc", () => response.destroy());
    if (request.url === "/paused") {
      response.write("data: one\n\n");
      await new Promise<void>((resolve) => (goOn = resolve));
      response.end("data: two\n\n");
    }
    // Anything else hangs.
  });
  nobody = `http://127.0.0.1:${await freePort()}`;
  const folder = mkdtempSync(join(tmpdir(), "caisson-probe-"));
  const { path } = await buildAdapter(new URL("probe.ts", import.meta.url).pathname, join(folder, "probe.wasm"));
  runtime = await Runtime.start();
  runtime.push(path, "probe", "--allow-host", provider.url, "--allow-host", nobody);
  rmSync(folder, { recursive: true });
});

after(async () => {
  if (skip) return;
  await runtime.stop();
  provider.server.closeAllConnections();
  provider.server.close();
});

const messages = (code: string): object => ({ model: "probe/x", messages: [{ role: "user", content: code }] });

async function told(code: string): Promise<string> {
  const { body } = await runtime.ask(messages(code));
  return body.choices?.[0].message.content ?? JSON.stringify(body.error);
}

const failed = (code: string): Promise<Got> => runtime.ask(messages(code));

const BIG = `"x".repeat(3e6)`;

test("fetch sends bodies of any size and gives the answer", { skip }, async () => {
  const said = await told(
    `return (await (await fetch("${provider.url}/echo", { method: "POST", body: ${BIG} })).text())`,
  );
  const { length, headers } = JSON.parse(said);
  assert.deepEqual([length, headers["content-length"]], [3_000_000, "3000000"]);
});

test("a refused connection rejects, also in the middle of a big body", { skip }, async () => {
  for (const body of [`"{}"`, BIG]) {
    const said = await told(
      `try { await fetch("${nobody}/", { method: "POST", body: ${body} }) } catch (e) { return e.name + e.message }`,
    );
    assert.match(said, /^TypeErrorfetch failed: could not reach .*: connection refused$/);
  }
  const { status, body } = await failed(`await fetch("${nobody}/", { method: "POST", body: ${BIG} })`);
  assert.equal(status, 502);
  assert.equal(body.error.code, "upstream_error");
});

test("a host without a grant is told from one that does not answer", { skip }, async () => {
  const said = await told(`try { await send("http://10.0.0.1/", { body: ${BIG} }) } catch (e) { return e.code }`);
  assert.equal(said, "egress_denied");
});

test("an answer before the body's end is an answer", { skip }, async () => {
  assert.equal(await told(`return String((await send("${provider.url}/early", { body: ${BIG} })).status)`), "413");
});

test("an answer that breaks off is an error", { skip }, async () => {
  const { status, body } = await failed(`return await readText(await fetch("${provider.url}/breaks"))`);
  assert.deepEqual([status, /broke off/.test(body.error.message)], [502, true]);
});

test("timers run and signals abort while an answer is waited for", { skip }, async () => {
  const hang = `"${provider.url}/hang"`;
  const aborted = `try { await fetch(${hang}, { signal: AbortSignal.timeout(60) }) } catch (e) { return e.name }`;
  assert.equal(await told(aborted), "TimeoutError");
  const raced = `return await Promise.race([fetch(${hang}), new Promise((f) => setTimeout(f, 60, "timer"))])`;
  assert.equal(await told(raced), "timer");
  assert.equal((await failed(`await fetch(${hang}, { signal: AbortSignal.timeout(60) })`)).status, 504);
  assert.equal((await failed(`await send(${hang}, { timeoutMs: 60 })`)).status, 504);
});

test("a stream's first piece reaches the client before the provider sends its second", { skip }, async () => {
  const code = `for await (const { data } of readSse(await fetch("${provider.url}/paused"))) yield data;`;
  const response = await runtime.post("chat/completions", { ...messages(code), stream: true });
  let text = "";
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.includes('"one"')) goOn();
  }
  assert.match(text, /"one"[^]*"two"[^]*\[DONE\]/);
});

test("what is thrown before a stream's first step is a status", { skip }, async () => {
  const got = await runtime.ask({ ...messages("null.x"), stream: true });
  assert.deepEqual([got.status, got.body.error.code], [502, "adapter_error"]);
  assert.match(got.body.error.message, /TypeError/);
});

test("a mistake of the adapter's is told and not a trap", { skip }, async () => {
  for (const code of [
    "",
    "return { choices: [{ message: { content: 5 } }] }",
    "throw undefined",
    "return { usage: 1 }",
  ]) {
    assert.equal((await failed(code)).body.error.code, "adapter_error", code);
  }
});

test("the host's functions, chance and clocks answer", { skip }, async () => {
  assert.equal(await told(`return String(countTokens("o200k_base", "hello world"))`), "2");
  assert.match(await told(`return new TextDecoder().decode(originalBody())`), /"model":"probe\/x"/);
  const uuid = "return crypto.randomUUID() + Math.random()";
  assert.notEqual(await told(uuid), await told(uuid));
});

test("vectors reach the client", { skip }, async () => {
  const response = await runtime.post("embeddings", { model: "probe/x", input: ["a", "b"], encoding_format: "float" });
  const { data } = (await response.json()) as any;
  assert.deepEqual(
    data.map(({ embedding }: any) => embedding),
    [
      [0.5, -1],
      [0.5, -1],
    ],
  );
});
