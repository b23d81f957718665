// Streams in: every event, however the bytes are split, and every way to end.

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Event } from "@caisson/adapter";
import { Reply, Upstream } from "@caisson/adapter/testing";

import adapter from "../src/adapter.ts";
import { eventsOf, failureOf, fixture, plain, told } from "./asks.ts";

const TEXT = fixture("stream_text.sse");

const text = (text: string): object => ({ tag: "text", val: { choice: 0, text } });
const reasoning = (text: string, signature?: string, redacted = false): unknown =>
  told({ tag: "reasoning", val: { choice: 0, text, signature, redacted } });
const call = (index: number, id: string, name: string, extra?: [string, string][]): unknown =>
  told({ tag: "tool", val: { choice: 0, index, id, name, arguments: "", extra } });
const args = (index: number, text: string): object => ({ tag: "tool", val: { choice: 0, index, arguments: text } });
const other = (...extra: [string, string][]): object => ({ tag: "other", val: { choice: 0, extra } });
const finish = (tag: string): object => ({ tag: "finish", val: { choice: 0, reason: { tag } } });

/** The data of each event that these JSON lines make. */
const sse = (...lines: string[]): Reply => Reply.sse(lines.map((line) => `data: ${line}\n\n`).join(""));
const STOP = '{"type":"message_stop"}';

async function toldOf(reply: Reply): Promise<unknown[]> {
  return told(await eventsOf(reply)) as unknown[];
}

test("text streams with its counts, however it is cut", async () => {
  const expected = [
    { tag: "start", val: { id: "msg_01S", model: "claude-sonnet-5-5", serviceTier: "priority" } },
    text("Ahoy"),
    text(', ⚓ "mate"'),
    other(["stop_sequence", String.raw`"mate\""`], ["stop_reason", '"stop_sequence"']),
    finish("stop"),
    {
      tag: "usage",
      val: { input: 125, output: 15, total: 140, cachedInput: 100, cacheWriteInput: 0, reasoningOutput: 0 },
    },
  ];
  assert.deepEqual(await toldOf(Reply.sse(TEXT)), expected);
  assert.deepEqual(await toldOf(Reply.sse(TEXT).splitAtEveryByte()), expected);
});

test("thinking and calls stream in order", async () => {
  assert.deepEqual((await toldOf(Reply.sse(fixture("stream_tools.sse")))).slice(1), [
    reasoning("Two "),
    reasoning("calls."),
    reasoning("", "EqQBCgIYAhIM"),
    reasoning("", "EmwKAhgBEgy3", true),
    call(0, "toolu_01A", "tide"),
    args(0, '{"port": "Br'),
    args(0, 'est"}'),
    call(1, "toolu_01B", "now"),
    args(1, "{}"),
    finish("tool-calls"),
    { tag: "usage", val: { input: 50, output: 61, total: 111 } },
  ]);
});

test("thinking whose text is left out is not taken for redacted", async () => {
  const events = await toldOf(
    sse(
      '{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"aloud","signature":""}}',
      '{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"a"}}',
      '{"type":"content_block_start","index":1,"content_block":{"type":"thinking","thinking":"","signature":""}}',
      '{"type":"content_block_delta","index":1,"delta":{"type":"signature_delta","signature":"b"}}',
      STOP,
    ),
  );
  assert.deepEqual(events.slice(0, 3), [reasoning("aloud"), reasoning("", "a"), reasoning("", "b")]);
});

test("a call that code made says so, and arguments that come with its start are not lost", async () => {
  const caller = '{"type":"code_execution_20260120","tool_id":"srvtoolu_9"}';
  const block = `{"type":"tool_use","id":"a","name":"b","input":{"c":1.0},"caller":${caller}}`;
  const events = await toldOf(sse(`{"type":"content_block_start","index":0,"content_block":${block}}`, STOP));
  assert.deepEqual(events, [call(0, "a", "b", [["caller", caller]]), args(0, '{"c":1.0}'), finish("stop")]);
});

test("a long answer is not kept a second time", async () => {
  const long = "x".repeat(3 << 20);
  const delta = `{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"${long}"}}`;
  const events = await toldOf(
    sse(
      '{"type":"content_block_start","index":0,"content_block":{"type":"hologram"}}',
      '{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}',
      delta,
      delta,
      STOP,
    ),
  );
  assert.deepEqual(events, [text(long), text(long), finish("stop")]);
});

test("server tools and citations are kept whole at the end", async () => {
  const [, first, second, container, kept, finished, usage] = await eventsOf(Reply.sse(fixture("stream_search.sse")));
  assert.deepEqual([first, second], [text("High water "), text("is at 06:12.")]);
  assert.deepEqual(container, other(["container", '{"id":"container_7","expires_at":"2026-11-22T17:00:00Z"}']));
  const [[name, list] = []] = kept?.tag === "other" ? kept.val.extra : [];
  assert.equal(name, "anthropic_content");
  const blocks = JSON.parse(list ?? "");
  assert.deepEqual(blocks[0].input, { query: "tide brest" });
  assert.equal(blocks[1].type, "web_search_tool_result");
  assert.equal(blocks[2].text, "High water is at 06:12.");
  assert.equal(blocks[2].citations[0].cited_text, "06:12");
  assert.deepEqual(finished, finish("stop"));
  assert.deepEqual(usage?.tag === "usage" && usage.val.extra, [["server_tool_use", '{"web_search_requests":1}']]);
});

test("an error in the stream comes after what was said", async () => {
  const overloaded = (): Reply => Reply.sse(fixture("stream_overloaded.sse"));
  for (const reply of [overloaded(), overloaded().splitAtEveryByte()]) {
    const { batches, failure } = await new Upstream(reply).play(adapter, plain);
    assert.deepEqual(batches.flat().at(-1), text("Half a"));
    assert.deepEqual([failure?.kind, failure?.status, failure?.code], ["upstream", 529, "overloaded_error"]);
    assert.equal(failure?.message, "Overloaded (request req_011CSH)");
  }
});

test("a stream that breaks off is an error", async () => {
  for (const broken of [TEXT.split("event: message_stop")[0]!, ""]) {
    assert.equal((await failureOf(Reply.sse(broken), true)).kind, "upstream");
  }
});

test("nothing is read after the stop", async () => {
  const noise = `${TEXT}data: {"type":"error","error":{"type":"api_error"}}\n\n`;
  for (const reply of [Reply.sse(noise), Reply.sse(noise).chunkSize(Buffer.byteLength(TEXT))]) await eventsOf(reply);
});

test("a broken event is the provider's fault, and an unknown one means nothing", async () => {
  for (const line of [
    "not json",
    "null",
    "{}",
    '{"type":7}',
    '{"type":"content_block_delta","index":"0"}',
    '{"type":"content_block_delta","index":0,"delta":"x"}',
    '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":7}}',
    '{"type":"message_delta","delta":[]}',
    '{"type":"error"}',
    "[".repeat(50_000),
  ]) {
    assert.equal((await failureOf(sse(line), true)).kind, "upstream", line.slice(0, 60));
  }
  assert.deepEqual(await toldOf(sse('{"type":"ping"}', '{"type":"invented","index":"x"}', STOP)), [finish("stop")]);
});

test("blocks and deltas of any shape do no harm", async () => {
  const events = await toldOf(
    sse(
      '{"type":"message_start","message":[]}',
      '{"type":"content_block_start","index":0,"content_block":7}',
      '{"type":"content_block_start"}',
      '{"type":"content_block_stop"}',
      '{"type":"content_block_delta","index":9,"delta":{"type":"input_json_delta","partial_json":"{"}}',
      '{"type":"message_delta","usage":"x"}',
      '{"type":"message_delta","delta":{"stop_reason":7}}',
      STOP,
    ),
  );
  assert.equal((events[0] as Event).tag, "start");
  assert.deepEqual(events.at(-1), finish("stop"));
});
