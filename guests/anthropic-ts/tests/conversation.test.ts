// Messages out: system prompt, turns, media, tool calls and their results.

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Draft, Media, Message, Part, Source, ToolCall } from "@caisson/adapter";
import { user } from "@caisson/adapter/testing";

import { ask, refused, sent } from "./asks.ts";

const EPHEMERAL = { type: "ephemeral" };

const call = (id: string, text: string): Draft<ToolCall> => ({ id, name: "tide", arguments: text });
const result = (toolCallId: string, content: string): Draft<Message> => ({ role: "tool", toolCallId, content });
const parts = (...list: Draft<Part>[]): Draft<Message> => ({ role: "user", content: { tag: "parts", val: list } });
const media = (tag: Source["tag"], val: string, mimeType?: string): Draft<Media> => ({
  source: { tag, val },
  mimeType,
});

async function sentParts(...list: Draft<Part>[]): Promise<unknown> {
  return (await sent(ask([parts(...list)]))).messages[0].content;
}

test("one plain message goes out as strings", async () => {
  assert.deepEqual(await sent(ask([{ role: "system", content: "Be brief." }, user("Ahoy?")])), {
    model: "claude-sonnet-5-5",
    max_tokens: 4096,
    system: "Be brief.",
    messages: [{ role: "user", content: "Ahoy?" }],
  });
});

test("system and developer messages are hoisted with their cache marks", async () => {
  const law: Draft<Part> = { tag: "text", val: { text: "Law.", extra: { cache_control: EPHEMERAL } } };
  const body = await sent(
    ask([{ ...parts(law), role: "system" }, user("Ahoy?"), { role: "developer", content: "Be brief." }]),
  );
  assert.deepEqual(body.system, [
    { type: "text", text: "Law.", cache_control: EPHEMERAL },
    { type: "text", text: "Be brief." },
  ]);
  assert.equal(body.messages.length, 1);
});

test("neighbours of one speaker become one turn", async () => {
  const aye = (content: string): Draft<Message> => ({ role: "assistant", content });
  const body = await sent(
    ask([user("One."), user(""), user("Two."), aye("Aye."), aye("Aye aye."), aye(""), user("Three.")]),
  );
  const texts = (...list: string[]): object[] => list.map((text) => ({ type: "text", text }));
  assert.deepEqual(body.messages, [
    { role: "user", content: texts("One.", "Two.") },
    { role: "assistant", content: texts("Aye.", "Aye aye.") },
    { role: "user", content: "Three." },
  ]);
});

test("tool results and the words after them are one user turn", async () => {
  const body = await sent(
    ask([
      user("Tides?"),
      {
        role: "assistant",
        content: "Looking.",
        toolCalls: [call("call_1", '{"n":1.50}'), call("functions.tide:2", " ")],
      },
      result("call_1", "06:12"),
      { ...result("functions.tide:2", "no such port"), extra: { is_error: true, unknown: 1 } },
      result("call_1", ""),
      user("Well?"),
    ]),
  );
  assert.deepEqual(body.messages[1].content, [
    { type: "text", text: "Looking." },
    { type: "tool_use", id: "call_1", name: "tide", input: { n: 1.5 } },
    { type: "tool_use", id: "functions_tide_2", name: "tide", input: {} },
  ]);
  assert.deepEqual(body.messages[2].content, [
    { type: "tool_result", tool_use_id: "call_1", content: "06:12" },
    { type: "tool_result", tool_use_id: "functions_tide_2", content: "no such port", is_error: true },
    { type: "tool_result", tool_use_id: "call_1" },
    { type: "text", text: "Well?" },
  ]);
});

test("a tool result can hold an image", async () => {
  const image: Draft<Part> = { tag: "image", val: media("base64", "iVBORw0K", "image/png") };
  const body = await sent(ask([user("Look."), { ...parts(image), role: "tool", toolCallId: "call_1" }]));
  const source = { type: "base64", media_type: "image/png", data: "iVBORw0K" };
  assert.deepEqual(body.messages[0].content[1].content, [{ type: "image", source }]);
});

test("arguments that are no object are refused with their place", async () => {
  for (const text of ['{"port":', "[1]", '"Brest"', "7", "{} {}"]) {
    const error = await refused(
      ask([user("Tides?"), { role: "assistant", toolCalls: [call("a", "{}"), call("b", text)] }]),
    );
    assert.deepEqual([error.kind, error.param], ["invalid-request", "messages[1].tool_calls[1].function.arguments"]);
  }
});

test("a free-text call is wrapped in an object", async () => {
  const custom = { ...call("a", "SELECT 1"), kind: "custom" };
  const body = await sent(ask([user("Go."), { role: "assistant", toolCalls: [custom] }]));
  assert.deepEqual(body.messages[1].content[0].input, { input: "SELECT 1" });
});

test("a call that a client folded from a stream goes back without the client's own fields", async () => {
  const extra = { index: 0, function: { parsed_arguments: { port: "Brest" } }, cache_control: EPHEMERAL };
  const folded = { ...call("a", '{"port":"Brest"}'), extra };
  const body = await sent(ask([user("Tides?"), { role: "assistant", toolCalls: [folded] }]));
  const block = { type: "tool_use", id: "a", name: "tide", input: { port: "Brest" }, cache_control: EPHEMERAL };
  assert.deepEqual(body.messages[1].content[0], block);
});

test("a tool result without its call is refused", async () => {
  assert.equal((await refused(ask([user("?"), { role: "tool", content: "1" }]))).param, "messages[1].tool_call_id");
});

test("signed thinking opens the turn and unsigned thinking stays home", async () => {
  const reasoning = [
    { text: "Hm.", signature: "EqQB" },
    { signature: "EmwK", redacted: true },
    { text: "Another model's." },
  ];
  const body = await sent(
    ask([user("?"), { role: "assistant", content: "Aye.", reasoning, toolCalls: [call("call_1", "{}")] }]),
  );
  assert.deepEqual(body.messages[1].content, [
    { type: "thinking", thinking: "Hm.", signature: "EqQB" },
    { type: "redacted_thinking", data: "EmwK" },
    { type: "text", text: "Aye." },
    { type: "tool_use", id: "call_1", name: "tide", input: {} },
  ]);
});

test("kept content goes back as the provider wrote it", async () => {
  const kept = (list: unknown): Draft<Message> => ({
    role: "assistant",
    content: "Aye.",
    toolCalls: [call("call_1", "{}")],
    extra: { anthropic_content: list },
  });
  const list = [{ type: "server_tool_use", id: "s", name: "web_search", input: { q: 1 } }];
  assert.deepEqual((await sent(ask([user("?"), kept(list)]))).messages[1].content, list);
  assert.equal((await refused(ask([user("?"), kept({})]))).param, "messages[1].anthropic_content");
});

test("images go out from every source", async () => {
  const marked = { ...media("url", "https://x.example/a.png"), extra: { cache_control: EPHEMERAL } };
  const content = await sentParts(
    { tag: "image", val: marked },
    { tag: "image", val: media("base64", "/9j/", "image/jpg") },
    { tag: "image", val: media("id", "file_1") },
    { tag: "text", val: { text: "" } },
  );
  assert.deepEqual(content, [
    { type: "image", source: { type: "url", url: "https://x.example/a.png" }, cache_control: EPHEMERAL },
    { type: "image", source: { type: "base64", media_type: "image/jpeg", data: "/9j/" } },
    { type: "image", source: { type: "file", file_id: "file_1" } },
  ]);
});

test("files become documents", async () => {
  const named = {
    ...media("base64", "JVBERi0=", "application/pdf"),
    fileName: "chart.pdf",
    extra: { citations: { enabled: true } },
  };
  const content = await sentParts(
    { tag: "file", val: named },
    { tag: "file", val: media("base64", "R3LDvMOf", "text/markdown") },
    { tag: "file", val: media("id", "file_2") },
    { tag: "file", val: media("base64", "iVBORw0K", "image/png") },
  );
  const pdf = { type: "base64", media_type: "application/pdf", data: "JVBERi0=" };
  assert.deepEqual(content, [
    { type: "document", source: pdf, title: "chart.pdf", citations: { enabled: true } },
    { type: "document", source: { type: "text", media_type: "text/plain", data: "Grüß" } },
    { type: "document", source: { type: "file", file_id: "file_2" } },
    { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0K" } },
  ]);
});

test("media that Anthropic cannot take is refused with its place", async () => {
  const cases: [Draft<Part>, string, string][] = [
    [{ tag: "image", val: media("base64", "AAAA") }, "invalid-request", ".image_url.url"],
    [{ tag: "audio", val: media("base64", "AAAA", "audio/wav") }, "unsupported", ""],
    [{ tag: "file", val: media("base64", "AAAA", "video/mp4") }, "unsupported", ".file"],
    [{ tag: "file", val: media("base64", "//8=", "text/plain") }, "invalid-request", ".file.file_data"],
  ];
  for (const [part, kind, place] of cases) {
    const error = await refused(ask([parts({ tag: "text", val: { text: "See:" } }, part)]));
    assert.deepEqual([error.kind, error.param], [kind, `messages[0].content[1]${place}`]);
  }
});

test("parts without a name in the contract go through", async () => {
  const part = { type: "search_result", source: "log", title: "Log", content: [] };
  assert.deepEqual(await sentParts({ tag: "other", val: JSON.stringify(part) }), [part]);
});

test("a cache mark beside a message marks its last block", async () => {
  const mark = { type: "ephemeral", ttl: "1h" };
  const body = await sent(ask([{ ...user("Long story."), extra: { cache_control: mark, other: 1 } }]));
  assert.deepEqual(body.messages[0].content, [{ type: "text", text: "Long story.", cache_control: mark }]);
});

test("a conversation without content is refused", async () => {
  const error = await refused(ask([{ role: "system", content: "Be brief." }, user("")]));
  assert.deepEqual([error.kind, error.param], ["invalid-request", "messages"]);
});
