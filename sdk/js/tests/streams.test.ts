// Server-sent events and JSON lines of every shape, each cut at every place. Limits and a response's faults besides.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  AdapterError,
  decodeNdjson,
  decodeSse,
  NdjsonParser,
  readNdjson,
  readSse,
  send,
  SseParser,
} from "../src/index.ts";
import { Reply, Upstream } from "../src/testing/index.ts";

type Expected = [event: string | undefined, data: string, id: string | undefined];

const data = (...texts: string[]): Expected[] => texts.map((text) => [undefined, text, undefined]);

const SSE: [string | Buffer, Expected[]][] = [
  ["", []],
  ["\n\r\n\r", []],
  ["data: a\n\n", data("a")],
  ["data: a\n\ndata: b\n\n", data("a", "b")],
  ["data: a\r\n\r\ndata: b\r\n\r\n", data("a", "b")],
  ["data: a\r\rdata: b\r\r", data("a", "b")],
  ["data: a\r\n\ndata: b\n\r\ndata: c\n\rdata: d\r\n\r", data("a", "b", "c", "d")],
  ["data: a\ndata: b\n\n", data("a\nb")],
  ["event: x\r\ndata: a\r\ndata: b\r\n\r\n", [["x", "a\nb", undefined]]],
  ["data\ndata:\n\n", data("\n")],
  ["data\n\n", data("")],
  ["data:a\n\ndata:  a \n\ndata:\ta\n\n", data("a", " a ", "\ta")],
  ["data: a: b\n\n", data("a: b")],
  [": keep-alive\n\n:\ndata: a\n: in between\ndata: b\n\n", data("a\nb")],
  ["event: ping\n\ndata: a\n\n", data("a")],
  [
    "event: x\nid: 7\ndata: a\n\ndata: b\n\n",
    [
      ["x", "a", "7"],
      [undefined, "b", undefined],
    ],
  ],
  ["event: x\nevent: y\ndata: a\n\n", [["y", "a", undefined]]],
  ["event:\nid\ndata: a\n\n", [[undefined, "a", ""]]],
  ["id: a\0b\nretry: 10\nfoo: bar\n data: no\nDATA: no\ndata: a\n\n", data("a")],
  ["\u{FEFF}data: a\n\n\u{FEFF}data: b\n\n", data("a")],
  ["\n\u{FEFF}data: b\n\n", []],
  ["data: grüße \u{1F980}\u{2028}\n\n", data("grüße \u{1F980}\u{2028}")],
  [Buffer.from("data: \xE2\x82\n\ndata: \xFF\n\n", "latin1"), data("\u{FFFD}", "\u{FFFD}")],
  ["data: a\n\ndata: b", data("a", "b")],
  ["data: a\n", data("a")],
  ["data: a\r", data("a")],
  ["data: a\r\n", data("a")],
  ["event: x\nid: 1", []],
];

const NDJSON: [string | Buffer, string[]][] = [
  ["", []],
  ["\n\r\n \n\r", []],
  ['{"a":1}\n{"a":2}\n', ['{"a":1}', '{"a":2}']],
  ['{"a":1}\r\n\r\n{"a":2}\r\n', ['{"a":1}', '{"a":2}']],
  ["1\r2\r", ["1", "2"]],
  [" 1 \n\t2", ["1", "2"]],
  ["\u{FEFF}1\n\u{FEFF}2\n", ["1", "\u{FEFF}2"]],
  ['"ü\u{1F980}\u{2028}"\n', ['"ü\u{1F980}\u{2028}"']],
  [Buffer.from('"\xFF"', "latin1"), ['"\u{FFFD}"']],
];

function* cuts(stream: string | Buffer): Generator<Buffer[]> {
  const bytes = Buffer.from(stream as string);
  yield [...bytes].flatMap((byte) => [Buffer.from([byte]), Buffer.alloc(0)]);
  for (let first = 0; first <= bytes.length; first += 1) {
    for (let second = first; second <= bytes.length; second += 1) {
      yield [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
    }
  }
}

function parsed<T>(parser: { push(bytes: Uint8Array): T[]; finish(): T[] }, pieces: Buffer[]): T[] {
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.finish()];
}

test("server-sent events are the same however their bytes are cut", () => {
  for (const [stream, expected] of SSE) {
    for (const pieces of cuts(stream)) {
      const got = parsed(new SseParser(), pieces).map(({ event, data, id }): Expected => [event, data, id]);
      assert.deepEqual(got, expected, `${JSON.stringify(stream)} as ${JSON.stringify(pieces.map(String))}`);
    }
  }
});

test("JSON lines are the same however their bytes are cut", () => {
  for (const [stream, expected] of NDJSON) {
    for (const pieces of cuts(stream)) assert.deepEqual(parsed(new NdjsonParser(), pieces), expected);
  }
});

test("an event is given as soon as its blank line begins", () => {
  const parser = new SseParser();
  assert.equal(parser.push(Buffer.from("data: a\r\n\r")).length, 1);
  assert.equal(parser.push(Buffer.from("\ndata: b\n\n")).length, 1);
});

test("what is over the limit is an error after the events before it", () => {
  for (const long of ["data: 123456789\n\n", "data: 1234\ndata: 1234\n\n", "x: 123456789", "event: 1234567\n"]) {
    const parser = new SseParser(10);
    assert.deepEqual(parser.push(Buffer.from(`data: a\n\n${long}`)), [{ data: "a" }], long);
    assert.throws(() => parser.push(Buffer.from("data: b\n\n")), { kind: "upstream", message: /over 10 bytes/ });
    assert.throws(() => parser.finish(), { kind: "upstream" });
  }
  const lines = new NdjsonParser(5);
  assert.deepEqual(lines.push(Buffer.from("1\n123456\n3\n")), ["1"]);
  assert.throws(() => lines.finish(), { kind: "upstream" });
  assert.equal(new NdjsonParser(5).push(Buffer.from("12345\n12345\n")).length, 2);
});

async function answer(reply: Reply): Promise<Response> {
  return new Upstream(reply).run(() => send("https://a.example"));
}

test("a response gives its items and then its fault", async () => {
  const got: string[] = [];
  await assert.rejects(
    async () => {
      for await (const event of readSse(await answer(Reply.sse("data: a\n\ndata: b\n\ndata: c").breaksOff()))) {
        got.push(event.data);
      }
    },
    { kind: "upstream", message: /https:\/\/a\.example: the answer broke off/ },
  );
  assert.deepEqual(got, ["a", "b"]);
  const lines = [];
  for await (const line of readNdjson(await answer(Reply.ndjson("1\n2").splitAtEveryByte()))) lines.push(line);
  assert.deepEqual(lines, ["1", "2"]);
});

const letters = (text: string): string[] => {
  if (text === "bad") throw AdapterError.upstream("bad event");
  return [...text];
};

async function batches(source: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  try {
    for await (const batch of source) all.push(batch);
  } catch (error) {
    all.push((error as AdapterError).message);
  }
  return all;
}

test("what arrives together is handed on together, and nothing is handed on for nothing", async () => {
  const reply = Reply.sse("data: ab\n\ndata: c\n\ndata:\n\n");
  assert.deepEqual(await batches(decodeSse(await answer(reply), ({ data }) => letters(data))), [["a", "b", "c"]]);
  const cut = Reply.sse("data:\n\ndata: a\n\n").splitAtEveryByte();
  assert.deepEqual(await batches(decodeSse(await answer(cut), ({ data }) => letters(data))), [["a"]]);
});

test("[DONE] ends a stream that goes on", async () => {
  const reply = Reply.sse("data: a\n\ndata: [DONE]\n\ndata: b\n\n").breaksOff();
  assert.deepEqual(await batches(decodeSse(await answer(reply), ({ data }) => letters(data))), [["a"]]);
});

test("events before an error come first", async () => {
  assert.deepEqual(await batches(decodeNdjson(await answer(Reply.ndjson("a\nbad\nb\n")), letters)), [
    ["a"],
    "bad event",
  ]);
  const broken = await batches(decodeNdjson(await answer(Reply.ndjson("a\n").breaksOff()), letters));
  assert.deepEqual(broken, [["a"], "https://a.example: the answer broke off"]);
});
