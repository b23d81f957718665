// Messages out: roles, chunks, calls and their ids, thinking that goes back.

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Draft, Part } from "@caisson/adapter";
import { user } from "@caisson/adapter/testing";

import { ask, refused, sentMessages } from "./asks.ts";

async function sentParts(...parts: Draft<Part>[]): Promise<any> {
  return (await sentMessages(user({ tag: "parts", val: parts })))[0].content;
}

test("roles keep their order, and developers speak as the system", async () => {
  const sent = await sentMessages(
    { role: "developer", content: "Be brief" },
    { role: "user", name: "ann", content: "Ahoy?" },
    { role: "assistant", content: "Ahoy!" },
    { role: "system", content: "Be briefer" },
    { role: "user", content: "Again" },
  );
  assert.deepEqual(sent, [
    { role: "system", content: "Be brief" },
    { role: "user", content: "Ahoy?" },
    { role: "assistant", content: "Ahoy!" },
    { role: "system", content: "Be briefer" },
    { role: "user", content: "Again" },
  ]);
});

test("a prefix goes through, and what only OpenAI puts into an answer does not", async () => {
  const extra = { prefix: true, annotations: [], audio: { id: "a" }, function_call: {}, parsed: { a: 1 } };
  assert.deepEqual(await sentMessages(user("Ahoy?"), { role: "assistant", content: "Aye", extra }), [
    { role: "user", content: "Ahoy?" },
    { role: "assistant", content: "Aye", prefix: true },
  ]);
});

test("images go as URLs, inline ones as data URLs, uploaded ones as files", async () => {
  const png = { tag: "base64", val: "iVBORw0=" } as const;
  assert.deepEqual(
    await sentParts(
      { tag: "text", val: { text: "See" } },
      { tag: "image", val: { source: { tag: "url", val: "https://x.example/a.png" }, detail: "low" } },
      { tag: "image", val: { source: png, mimeType: "image/png", extra: { image_url: { new: 1.5 } } } },
      { tag: "image", val: { source: { tag: "id", val: "f-1" } } },
    ),
    [
      { type: "text", text: "See" },
      { type: "image_url", image_url: { url: "https://x.example/a.png", detail: "low" } },
      { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0=", new: 1.5 } },
      { type: "file", file_id: "f-1" },
    ],
  );
  const part: Draft<Part> = { tag: "image", val: { source: png } };
  const error = await refused(ask([user({ tag: "parts", val: [part] })]));
  assert.deepEqual([error.kind, error.param], ["invalid-request", "messages[0].content[0].image_url.url"]);
});

test("files are documents, images or uploads; audio is bare base64", async () => {
  const pdf = { tag: "base64", val: "JVBERi0=" } as const;
  assert.deepEqual(
    await sentParts(
      { tag: "file", val: { source: pdf, fileName: "log.pdf" } },
      { tag: "file", val: { source: { tag: "url", val: "https://x.example/b.pdf" } } },
      { tag: "file", val: { source: pdf, mimeType: "image/webp" } },
      { tag: "file", val: { source: { tag: "id", val: "f-2" } } },
      { tag: "audio", val: { source: { tag: "base64", val: "UklGRg==" }, mimeType: "audio/wav" } },
      { tag: "other", val: '{"type":"reference","reference_ids":[1]}' },
    ),
    [
      { type: "document_url", document_url: "data:application/pdf;base64,JVBERi0=", document_name: "log.pdf" },
      { type: "document_url", document_url: "https://x.example/b.pdf" },
      { type: "image_url", image_url: { url: "data:image/webp;base64,JVBERi0=" } },
      { type: "file", file_id: "f-2" },
      { type: "input_audio", input_audio: "UklGRg==" },
      { type: "reference", reference_ids: [1] },
    ],
  );
});

test("a lone text is a string, unless something stands beside it", async () => {
  assert.equal(await sentParts({ tag: "text", val: { text: "Ahoy?" } }), "Ahoy?");
  assert.deepEqual(await sentParts({ tag: "text", val: { text: "Ahoy?", extra: { mark: 1 } } }), [
    { type: "text", text: "Ahoy?", mark: 1 },
  ]);
});

test("calls keep ids that Mistral takes, and others are changed alike on both ends", async () => {
  const call = (id: string): object => ({ id, name: "tide", arguments: '{"n":1.0}' });
  const [, assistant, first, second] = await sentMessages(
    user("Tide?"),
    { role: "assistant", toolCalls: [call("D681PevKs"), call("call_abc-123")] },
    { role: "tool", name: "tide", toolCallId: "D681PevKs", content: "06:12" },
    { role: "tool", toolCallId: "call_abc-123", content: "18:40" },
  );
  const made = assistant.tool_calls[1].id;
  assert.match(made, /^[A-Za-z0-9]{9}$/);
  assert.deepEqual(assistant.tool_calls[0], {
    id: "D681PevKs",
    type: "function",
    function: { name: "tide", arguments: '{"n":1.0}' },
  });
  assert.deepEqual(first, { role: "tool", content: "06:12", tool_call_id: "D681PevKs", name: "tide" });
  assert.deepEqual(second, { role: "tool", content: "18:40", tool_call_id: made });
});

test("ids that differ a little differ after the change", async () => {
  const ids = Array.from({ length: 500 }, (_, position) => `call_${position}`);
  const toolCalls = ids.map((id) => ({ id, name: "tide" }));
  const [, assistant] = await sentMessages(user("Tide?"), { role: "assistant", toolCalls });
  assert.equal(new Set(assistant.tool_calls.map(({ id }: { id: string }) => id)).size, ids.length);
});

test("what clients leave in a call that they folded or parsed stays behind", async () => {
  const extra = { index: 0, function: { parsed_arguments: { a: 1 }, kept: true } };
  const toolCalls = [{ id: "D681PevKs", name: "now", arguments: " ", extra }];
  const [, assistant] = await sentMessages(user("Time?"), { role: "assistant", toolCalls });
  assert.deepEqual(assistant.tool_calls[0], {
    id: "D681PevKs",
    type: "function",
    function: { name: "now", arguments: "{}", kept: true },
  });
});

test("a call that is no function, and an answer to no call, are refused with their place", async () => {
  const toolCalls = [{ id: "a", kind: "custom", name: "sql", arguments: "select 1" }];
  const custom = await refused(ask([user("?"), { role: "assistant", toolCalls }]));
  assert.deepEqual([custom.kind, custom.param], ["unsupported", "messages[1].tool_calls[0]"]);
  const orphan = await refused(ask([user("?"), { role: "tool", content: "x" }]));
  assert.deepEqual([orphan.kind, orphan.param], ["invalid-request", "messages[1].tool_call_id"]);
});

test("thinking goes back before the text, and what another provider withheld does not", async () => {
  const reasoning = [{ text: "17 times 23." }, { signature: "Em8=", redacted: true }, { text: "", signature: "s" }];
  const [, assistant] = await sentMessages(user("?"), { role: "assistant", reasoning, content: "391", refusal: "No" });
  assert.deepEqual(assistant.content, [
    { type: "thinking", thinking: [{ type: "text", text: "17 times 23." }] },
    { type: "thinking", thinking: [{ type: "text", text: "" }], signature: "s" },
    { type: "text", text: "391" },
    { type: "text", text: "No" },
  ]);
});

test("a kept list goes back as it was, instead of what was made of it", async () => {
  const list = [
    { type: "text", text: "At 06:12" },
    { type: "reference", reference_ids: [3] },
  ];
  const extra = { mistral_content: list };
  const [, assistant] = await sentMessages(user("?"), { role: "assistant", content: "At 06:12", extra });
  assert.deepEqual(assistant, { role: "assistant", content: list });
});
