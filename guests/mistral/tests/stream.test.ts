// Streams in: every chunk, however the bytes are split, and every way to end.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Reply, Upstream } from "@caisson/adapter/testing";

import adapter from "../src/adapter.ts";
import { eventsOf, failureOf, fixture, plain, told } from "./asks.ts";

const TEXT = fixture("stream_text.sse");

const start = (id: string, model: string): object => ({ tag: "start", val: { id, model } });
const text = (text: string, choice = 0): object => ({ tag: "text", val: { choice, text } });
const reasoning = (text: string): object => ({ tag: "reasoning", val: { choice: 0, text, redacted: false } });
const call = (index: number, id: string | undefined, name: string, json: string): unknown =>
  told({ tag: "tool", val: { choice: 0, index, id, name, arguments: json } });
const args = (index: number, json: string): object => ({ tag: "tool", val: { choice: 0, index, arguments: json } });
const other = (...extra: [string, string][]): object => ({ tag: "other", val: { choice: 0, extra } });
const finish = (tag: string, choice = 0): object => ({ tag: "finish", val: { choice, reason: { tag } } });
const usage = (input: number, output: number, total: number): object => ({
  tag: "usage",
  val: { input, output, total },
});

/** The data of each event that these JSON lines make. */
const sse = (...lines: string[]): Reply => Reply.sse(lines.map((line) => `data: ${line}\n\n`).join(""));
const chunk = (delta: string, more = ""): string => `{"choices":[{"index":0,"delta":${delta}${more}}]}`;
const END = chunk("{}", ',"finish_reason":"stop"');

async function toldOf(reply: Reply): Promise<unknown[]> {
  return told(await eventsOf(reply)) as unknown[];
}

test("text streams with its counts, however it is cut", async () => {
  const expected = [
    start("cmpl-e5cc", "mistral-small-latest"),
    text("Ahoy"),
    text(', ⚓ "mate"'),
    finish("length"),
    usage(14, 6, 20),
  ];
  assert.deepEqual(await toldOf(Reply.sse(TEXT)), expected);
  assert.deepEqual(await toldOf(Reply.sse(TEXT).splitAtEveryByte()), expected);
});

test("the request asks for a stream and no more", async () => {
  const upstream = new Upstream(Reply.sse(TEXT));
  await upstream.stream(adapter, plain);
  assert.equal((upstream.requests[0]!.json() as any).stream, true);
});

test("thinking streams before the text", async () => {
  assert.deepEqual(await toldOf(Reply.sse(fixture("stream_thinking.sse"))), [
    start("b7", "mistral-medium-3-5"),
    reasoning("17 times "),
    reasoning("23."),
    text("It is "),
    text("391."),
    finish("stop"),
    usage(25, 187, 212),
  ]);
});

test("calls stream whole or in pieces, and ids tell them apart where indexes do not", async () => {
  assert.deepEqual(await toldOf(Reply.sse(fixture("stream_tools.sse"))), [
    start("c9", "devstral-latest"),
    call(0, "fFwTTCUMh", "tide", '{"port": "Br'),
    args(0, 'est"}'),
    call(1, "X7fw1qAaP", "now", "{}"),
    finish("tool-calls"),
    usage(50, 61, 111),
  ]);
});

test("calls without ids are told apart by their indexes, or else by their names", async () => {
  const piece = (index: string, name: string, json: string): string =>
    chunk(`{"tool_calls":[{${index}"function":{"name":"${name}","arguments":"${json}"}}]}`);
  const events = await toldOf(
    sse(piece('"index":0,', "a", "1"), piece('"index":1,', "b", "2"), piece('"index":0,', "", "3"), END),
  );
  assert.deepEqual(events.slice(1, 4), [call(0, undefined, "a", "1"), call(1, undefined, "b", "2"), args(0, "3")]);
  const bare = await toldOf(sse(piece("", "a", "1"), piece("", "", "2"), piece("", "b", "3"), END));
  assert.deepEqual(bare.slice(1, 4), [call(0, undefined, "a", "1"), args(0, "2"), call(1, undefined, "b", "3")]);
});

test("several choices stream side by side", async () => {
  const said = (index: number, word: string, reason = "null"): string =>
    `{"choices":[{"index":${index},"delta":{"content":"${word}"},"finish_reason":${reason}}]}`;
  const events = await toldOf(sse(said(0, "a"), said(1, "b"), said(1, "c", '"stop"'), said(0, "d", '"stop"')));
  assert.deepEqual(events.slice(1), [
    text("a"),
    text("b", 1),
    text("c", 1),
    finish("stop", 1),
    text("d"),
    finish("stop"),
  ]);
});

test("references are kept whole at the end, in one list with the text around them", async () => {
  const reference = '{"type":"reference","reference_ids":[3.0]}';
  const events = await toldOf(
    sse(
      chunk('{"content":"At "}'),
      chunk('{"content":"06:12"}'),
      chunk(`{"content":[${reference}]}`),
      chunk('{"content":"."}'),
      END,
    ),
  );
  const list = `[{"type":"text","text":"At 06:12"},${reference},{"type":"text","text":"."}]`;
  assert.deepEqual(events.slice(-2), [other(["mistral_content", list]), finish("stop")]);
});

test("a long answer is not kept a second time", async () => {
  const long = chunk(`{"content":"${"x".repeat(3 << 20)}"}`);
  const events = await eventsOf(sse(chunk('{"content":[{"type":"reference"}]}'), long, long, END));
  assert.ok(events.every(({ tag }) => tag !== "other"));
});

test("fields without a name are told once", async () => {
  const events = await toldOf(
    sse(
      '{"id":"1","p":"abc","choices":[{"index":0,"delta":{"content":"a","new":1.0}}],"early":1.0}',
      '{"id":"1","choices":[{"index":0,"delta":{}}],"early":1.0,"late":2.0}',
      END,
    ),
  );
  assert.deepEqual(events, [
    { tag: "start", val: { id: "1", extra: [["early", "1.0"]] } },
    text("a"),
    other(["new", "1.0"]),
    other(["late", "2.0"]),
    finish("stop"),
  ]);
});

test("an error in the stream comes after what was said", async () => {
  const error =
    '{"object":"error","message":"Rate limit exceeded","type":"rate_limited","code":"1300","raw_status_code":429}';
  const reply = (): Reply => sse(chunk('{"content":"Half a"}'), error);
  for (const { batches, failure } of [
    await new Upstream(reply()).play(adapter, plain),
    await new Upstream(reply().splitAtEveryByte()).play(adapter, plain),
  ]) {
    assert.deepEqual(batches.flat().at(-1), text("Half a"));
    assert.deepEqual([failure?.kind, failure?.status, failure?.code], ["rate-limited", 429, "1300"]);
    assert.equal(failure?.message, "Rate limit exceeded");
  }
  const bare = await failureOf(sse('{"object":"error","message":"Internal","type":"server_error"}'), true);
  assert.deepEqual([bare.kind, bare.status, bare.message], ["upstream", undefined, "Internal"]);
});

test("a stream that breaks off is an error, and one whose choices ended is whole without its last line", async () => {
  for (const broken of ["", TEXT.split("data: ").slice(0, 3).join("data: ")]) {
    assert.equal((await failureOf(Reply.sse(broken), true)).kind, "upstream");
  }
  await eventsOf(sse(chunk('{"content":"a"}'), END));
});

test("nothing is read after the end", async () => {
  const noise = `${TEXT}data: {"error":"late"}\n\n`;
  for (const reply of [Reply.sse(noise), Reply.sse(noise).chunkSize(Buffer.byteLength(TEXT))]) await eventsOf(reply);
});

test("a broken chunk is the provider's fault", async () => {
  for (const line of [
    "not json",
    "null",
    "[]",
    '{"choices":[7]}',
    '{"choices":[{"index":-1}]}',
    '{"choices":[{"index":1e9}]}',
    '{"choices":[{"index":0.5}]}',
    chunk('{"content":7}'),
    chunk('{"tool_calls":[7]}'),
    '{"error":7}',
    "[".repeat(50_000),
  ]) {
    assert.equal((await failureOf(sse(line), true)).kind, "upstream", line.slice(0, 60));
  }
});

test("chunks that say nothing do no harm", async () => {
  const events = await toldOf(
    sse("{}", '{"choices":null,"usage":{}}', '{"choices":[{"delta":null}]}', chunk('{"tool_calls":null}'), END),
  );
  assert.deepEqual(events.slice(1), [finish("stop")]);
});
