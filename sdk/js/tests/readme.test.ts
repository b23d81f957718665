// The README's adapter is one: it compiles, and does what the README says. Looks at nothing else in it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { chatRequest, Reply, Upstream, user } from "../src/testing/index.ts";
import parrot from "./parrot.ts";

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

test("the README quotes the adapter as it is", () => {
  const adapter = read("parrot.ts").replace("../src/index.ts", "@caisson/adapter");
  assert.ok(read("../README.md").includes(adapter.trim()), "README.md does not quote tests/parrot.ts as it is now");
});

const request = chatRequest({ model: "macaw-2", messages: [user("Say hello")], maxTokens: 5 });

test("a question is spoken and its answer comes back", async () => {
  const upstream = new Upstream(Reply.json(200, { said: "Hello!", heard: 2, spoken: 1 }));
  const answer = await upstream.complete(parrot, request);
  assert.deepEqual(answer.tag === "answer" && answer.val.choices[0]?.message.content, { tag: "text", val: "Hello!" });
  assert.equal(upstream.requests[0]?.url, "https://api.parrot.example/v1/speak");
  assert.deepEqual(upstream.requests[0]?.json(), { bird: "macaw-2", question: "Say hello", words: 5 });
});

test("a speech is streamed as it comes", async () => {
  const upstream = new Upstream(Reply.sse("data: Hel\n\ndata: lo!\n\n").splitAtEveryByte());
  const { batches } = await upstream.play(parrot, request);
  const text = (text: string): object => ({ tag: "text", val: { choice: 0, text } });
  assert.deepEqual(batches, [[text("Hel")], [text("lo!")]]);
});

test("a question without words is refused", async () => {
  const silent = chatRequest({ model: "macaw-2", messages: [user("")] });
  await assert.rejects(new Upstream().complete(parrot, silent), { kind: "invalid-request", param: "messages" });
});
