// Nothing that an adapter answers or throws may trap: drafts are filled, mistakes are told.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  type Adapter,
  AdapterError,
  countTokens,
  defineAdapter,
  event,
  log,
  messageText,
  originalBody,
} from "../src/index.ts";
import { component } from "../src/component.ts";
import { chatRequest, context, embedRequest, Upstream, user } from "../src/testing/index.ts";

const describe = (): { name: string; version: string } => ({ name: "bare", version: "0" });
const request = chatRequest({ model: "m", messages: [user("Hello?")] });

/** The error that the host gets of a `complete` that answers or throws so. */
async function errorOf(answer: () => unknown): Promise<AdapterError> {
  try {
    await new Upstream().complete({ describe, complete: answer } as Adapter, request);
  } catch (error) {
    return error as AdapterError;
  }
  throw new Error("no error");
}

test("what an adapter lacks is unsupported", async () => {
  const upstream = new Upstream();
  for (const call of [
    upstream.complete({ describe }, request),
    upstream.stream({ describe }, request),
    upstream.embed({ describe }, embedRequest(["a"])),
  ]) {
    await assert.rejects(call, { kind: "unsupported" });
  }
});

test("an answer's text is enough, and everything else is filled in", async () => {
  const answered = await new Upstream().complete({ describe, complete: () => "Hello!" }, request);
  assert.deepEqual(answered, {
    tag: "answer",
    val: {
      id: undefined,
      model: undefined,
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            name: undefined,
            content: { tag: "text", val: "Hello!" },
            refusal: undefined,
            reasoning: [],
            toolCalls: [],
            toolCallId: undefined,
            extra: [],
          },
          finishReason: { tag: "stop" },
          logprobs: [],
          extra: [],
        },
      ],
      usage: undefined,
      serviceTier: undefined,
      systemFingerprint: undefined,
      extra: [],
    },
  });
});

test("extra fields may be an object, whose values become JSON", async () => {
  const complete: Adapter["complete"] = () => ({ choices: [{}], extra: { a: [1, "x"], b: undefined, c: null } });
  const answered = await new Upstream().complete({ describe, complete }, request);
  assert.deepEqual(answered.tag === "answer" && answered.val.extra, [
    ["a", '[1,"x"]'],
    ["c", "null"],
  ]);
});

test("counts are cut to what a count can be", async () => {
  const usage = { input: 1.9, output: -3, total: 1e300 };
  const complete: Adapter["complete"] = () => ({ choices: [], usage });
  const answered = await new Upstream().complete({ describe, complete }, request);
  const { input, output, total } = (answered.tag === "answer" && answered.val.usage) || {};
  assert.deepEqual([input, output, total], [1, 0, 0xffff_ffff]);
});

test("a mistake in an answer is told with its place", async () => {
  const cases: [unknown, RegExp][] = [
    [undefined, /gave undefined as its answer: an object was expected/],
    [{ choices: [{ message: { content: 5 } }] }, /gave 5 as choices\[0\]\.message\.content/],
    [{ choices: "one" }, /gave the string "one" as choices: a list/],
    [{ choices: [{ mesage: {} }] }, /gave choices\[0\] the field mesage, which it has not/],
    [{ usage: { input: NaN } }, /gave NaN as usage\.input: a number/],
    [{ choices: [{ finishReason: "done" }] }, /finishReason: an object whose tag is one of stop, length/],
    [{ extra: [["a"]] }, /extra\[0\]: a pair of two strings/],
    [{ choices: [{ message: { role: "robot" } }] }, /one of system, developer/],
    [{ choices: [{ message: { toolCalls: [{}] } }] }, /toolCalls\[0\]\.name: a string/],
    [{ tag: "toString" }, /tag is one of answer, raw/],
  ];
  for (const [answer, message] of cases) {
    const error = await errorOf(() => answer);
    assert.equal(error.kind, "internal");
    assert.match(error.message, message);
  }
});

test("whatever is thrown becomes the contract's error, and a mistake is in the log with its stack", async () => {
  const refused = await errorOf(() => {
    throw new AdapterError("rate-limited", "slow", { status: 429, retryAfterMs: 7 });
  });
  assert.deepEqual([refused.kind, refused.status, refused.retryAfterMs], ["rate-limited", 429, 7]);
  for (const thrown of [undefined, null, "x", {}, 7n]) {
    assert.equal((await errorOf(() => Promise.reject(thrown))).kind, "internal");
  }
  const upstream = new Upstream();
  const complete = (): never => {
    throw new RangeError("oh\nno");
  };
  await assert.rejects(upstream.complete({ describe, complete }, request), { message: /RangeError: oh/ });
  assert.match(upstream.logged[0] ?? "", /^error: complete: RangeError: oh\\nno\\n.*component\.test/);
});

test("an error that an adapter spoilt is still one", async () => {
  const spoilt = AdapterError.internal("x");
  Object.assign(spoilt, { kind: "nonsense", status: "429", message: "m" });
  assert.match((await errorOf(() => Promise.reject(spoilt))).message, /gave the string "nonsense"/);
  const odd = AdapterError.upstream("m", { status: 12.5, retryAfterMs: -1 });
  assert.deepEqual((await errorOf(() => Promise.reject(odd))).retryAfterMs, 0);
});

test("a stream gives its steps in batches as they were yielded", async () => {
  const adapter = defineAdapter({
    describe,
    async *stream(context, { messages }) {
      yield event.start({ id: context.requestId });
      yield [];
      yield [messageText(messages[0]!), event.reasoning({ text: "hm" })];
      yield event.tool({ index: 0, id: "a", name: "f" });
      yield [event.finish("tool-calls"), event.usage({ input: 1, output: 2 })];
    },
  });
  const { batches, failure } = await new Upstream().play(adapter, request);
  assert.equal(failure, undefined);
  assert.deepEqual(
    batches.map((batch) => batch.map(({ tag }) => tag)),
    [["start"], [], ["text", "reasoning"], ["tool"], ["finish", "usage"]],
  );
  assert.deepEqual(batches[2]?.[0], { tag: "text", val: { choice: 0, text: "Hello?" } });
});

test("what a stream throws before its first step refuses the stream", async () => {
  const stream = async function* (): AsyncGenerator<string> {
    throw new AdapterError("authentication", "no");
  };
  const { openStream } = component({ describe, stream });
  await assert.rejects(openStream(context(), request), { kind: "authentication", message: "no" });
});

test("a stream may be any iterable, and nothing else", async () => {
  assert.equal((await new Upstream().stream({ describe, stream: () => ["a", "b"] }, request)).length, 2);
  const none = { describe, stream: () => undefined } as unknown as Adapter;
  await assert.rejects(new Upstream().stream(none, request), { kind: "internal", message: /something to iterate/ });
  const wrong = { describe, stream: () => [{ tag: "txt" }] } as unknown as Adapter;
  await assert.rejects(new Upstream().stream(wrong, request), { message: /an event/ });
});

test("vectors arrive as Float32Array, and hold numbers", async () => {
  const answered = await new Upstream().embed(
    { describe, embed: () => ({ vectors: [[0.5, 1], new Float32Array([2])] }) },
    embedRequest(["a", "b"]),
  );
  assert.deepEqual(answered.vectors, [new Float32Array([0.5, 1]), new Float32Array([2])]);
  const wrong = { describe, embed: () => ({ vectors: [[1, "x"]] }) } as unknown as Adapter;
  await assert.rejects(new Upstream().embed(wrong, embedRequest(["a"])), { message: /vectors\[0\]\[1\]: a number/ });
});

test("describe is filled in, and a class will do", () => {
  class Parrot implements Adapter {
    #name = "parrot";
    describe(): { name: string; version: string } {
      return { name: this.#name, version: "1" };
    }
  }
  assert.deepEqual(component(new Parrot()).describe().hosts, []);
  const slot = { name: "api-key", host: "https://a.example", placement: { tag: "bearer" as const } };
  const described = component({ describe: () => ({ ...describe(), credentials: [slot] }) }).describe();
  assert.deepEqual([described.credentials[0]?.required, described.credentials[0]?.description], [true, ""]);
});

test("the host's functions answer from the script", async () => {
  const upstream = new Upstream()
    .originalBody("{}")
    .tokenCounter((encoding, text) => (encoding === "w" ? text.length : undefined));
  upstream.run(() => {
    assert.deepEqual(originalBody(), new TextEncoder().encode("{}"));
    assert.deepEqual([countTokens("w", "ab"), countTokens("x", "ab")], [2, undefined]);
    log.warn("a\nerror: b\r");
  });
  assert.deepEqual(upstream.logged, ["warn: a\\nerror: b\\r"]);
});

test("a context finds settings exactly and headers in any case", async () => {
  let seen: unknown;
  const complete: Adapter["complete"] = (context) => {
    seen = [context.setting("a"), context.setting("A"), context.header("X-B"), context.baseUrlOr("https://a.example/")];
    return "";
  };
  await new Upstream().complete({ describe, complete }, request, { settings: { a: "1" }, headers: { "x-b": "2" } });
  assert.deepEqual(seen, ["1", undefined, "2", "https://a.example"]);
  await new Upstream().complete({ describe, complete }, request, { baseUrl: "http://b.example//" });
  assert.deepEqual((seen as string[])[3], "http://b.example");
});
