// Everything of a request but its messages: tools, formats, sampling, settings, and the fields that go through or stay
// behind.

import assert from "node:assert/strict";
import { test } from "node:test";

import type { ChatRequest, Draft, Tool } from "@caisson/adapter";
import { type ContextDraft, Reply, type Sent, Upstream, user } from "@caisson/adapter/testing";

import adapter from "../src/adapter.ts";
import { ask, fixture, plain, refused, sent } from "./asks.ts";

const asking = (more: Draft<ChatRequest>): ChatRequest => ask([user("Ahoy?")], more);

async function sentTools(...tools: Draft<Tool>[]): Promise<any> {
  return (await sent(asking({ tools }))).tools;
}

async function exchange(request: ChatRequest, about?: ContextDraft): Promise<Sent> {
  const upstream = new Upstream(Reply.json(200, fixture("completion.json")));
  await upstream.complete(adapter, request, about);
  return upstream.requests[0]!;
}

test("the plainest request says no more than it has to", async () => {
  const { method, url, headers, body } = await exchange(plain);
  assert.deepEqual([method, url], ["POST", "https://api.mistral.ai/v1/chat/completions"]);
  assert.deepEqual(Object.fromEntries(headers), { "content-type": "application/json" });
  assert.equal(body, '{"model":"mistral-small-latest","messages":[{"role":"user","content":"Ahoy?"}]}');
});

test("sampling goes out under Mistral's names", async () => {
  const body = await sent(
    asking({
      maxTokens: 77,
      temperature: 1.9,
      topP: 0.5,
      n: 2,
      stop: ["END"],
      seed: 9007199254740991n,
      frequencyPenalty: 0.5,
      presencePenalty: -1,
      parallelToolCalls: false,
      metadata: { order: "7" },
    }),
  );
  const { model, messages, ...rest } = body;
  assert.deepEqual(rest, {
    parallel_tool_calls: false,
    max_tokens: 77,
    temperature: 1.5,
    top_p: 0.5,
    n: 2,
    stop: ["END"],
    random_seed: 9007199254740991,
    frequency_penalty: 0.5,
    presence_penalty: -1,
    metadata: { order: "7" },
  });
});

test("a seed keeps every digit, and a negative one is made positive", async () => {
  for (const [seed, written] of [
    [9223372036854775807n, "9223372036854775807"],
    [-42n, "42"],
    [0n, "0"],
  ] as const) {
    assert.ok((await exchange(asking({ seed }))).body.includes(`"random_seed":${written}`));
  }
});

test("reasoning efforts are none or high, and other words go through", async () => {
  for (const [word, effort] of [
    ["none", "none"],
    ["minimal", "none"],
    ["low", "high"],
    ["medium", "high"],
    ["high", "high"],
    ["xhigh", "high"],
    ["deep", "deep"],
  ]) {
    assert.equal((await sent(asking({ reasoningEffort: word }))).reasoning_effort, effort);
  }
});

test("functions always have parameters", async () => {
  const parameters = '{"type":"object","properties":{"port":{"type":"string"}}}';
  assert.deepEqual(await sentTools({ name: "tide", description: "Tides", strict: true, parameters }, { name: "now" }), [
    {
      type: "function",
      function: { name: "tide", description: "Tides", parameters: JSON.parse(parameters), strict: true },
    },
    { type: "function", function: { name: "now", parameters: { type: "object", properties: {} } } },
  ]);
  const error = await refused(asking({ tools: [{ name: "a" }, { name: "b", parameters: "{" }] }));
  assert.deepEqual([error.kind, error.param], ["invalid-request", "tools[1].function.parameters"]);
});

test("Mistral's own tools go through and free-text tools do not", async () => {
  assert.deepEqual(await sentTools({ kind: "document_library", name: "", extra: { library_ids: ["a"] } }), [
    { type: "document_library", library_ids: ["a"] },
  ]);
  const error = await refused(asking({ tools: [{ kind: "custom", name: "sql" }] }));
  assert.deepEqual([error.kind, error.param], ["unsupported", "tools[0]"]);
});

test("tool choices have their counterparts", async () => {
  const cases: [Draft<ChatRequest>["toolChoice"], unknown][] = [
    [undefined, undefined],
    [{ tag: "auto" }, "auto"],
    [{ tag: "none" }, "none"],
    [{ tag: "required" }, "any"],
    [
      { tag: "named", val: "tide" },
      { type: "function", function: { name: "tide" } },
    ],
    [{ tag: "other", val: '"any"' }, "any"],
  ];
  for (const [toolChoice, expected] of cases) {
    assert.deepEqual((await sent(asking({ toolChoice, tools: [{ name: "tide" }] }))).tool_choice, expected);
  }
});

test("formats go out in OpenAI's own shape", async () => {
  const json_schema = { name: "tide", strict: true, schema: { type: "object" } };
  for (const [responseFormat, expected] of [
    [{ tag: "text" }, { type: "text" }],
    [{ tag: "json-object" }, { type: "json_object" }],
    [
      { tag: "json-schema", val: JSON.stringify(json_schema) },
      { type: "json_schema", json_schema },
    ],
    [{ tag: "other", val: '{"type":"grammar"}' }, { type: "grammar" }],
  ] as const) {
    assert.deepEqual((await sent(asking({ responseFormat }))).response_format, expected);
  }
  const error = await refused(asking({ responseFormat: { tag: "json-schema", val: '{"name":"tide"}' } }));
  assert.deepEqual([error.kind, error.param], ["invalid-request", "response_format.json_schema"]);
});

test("what Mistral refuses is left out", async () => {
  const body = await sent(
    asking({
      logitBias: [["1", 1]],
      logprobs: true,
      topLogprobs: 2,
      modalities: ["text"],
      user: "id-1",
      extra: { store: true, stream_options: {}, service_tier: "auto", verbosity: "low", safety_identifier: "x" },
    }),
  );
  assert.deepEqual(Object.keys(body).sort(), ["messages", "model"]);
});

test("fields of Mistral's own, and unknown ones, go through as they are", async () => {
  const extra: [string, string][] = [
    ["prompt_mode", '"reasoning"'],
    ["guardrails", '[{"block_on_error":true}]'],
    ["prediction", '{"type":"content","content":"x"}'],
    ["prompt_cache_key", '"k"'],
    ["safe_prompt", "true"],
    ["random_seed", "5"],
    ["invented_next_year", "1.0"],
  ];
  const { body } = await exchange(asking({ extra }));
  for (const [name, value] of extra) assert.ok(body.includes(`"${name}":${value}`), body);
});

test("no field is sent twice", async () => {
  const extra = { max_tokens: 1, random_seed: 2, tool_choice: "mine", safe_prompt: false };
  const request = asking({ extra, maxTokens: 7, seed: 8n, toolChoice: { tag: "none" } });
  const { body } = await exchange(request, { settings: { "safe-prompt": "true" } });
  for (const name of Object.keys(extra)) assert.equal(body.split(`"${name}"`).length, 2, `${name} in ${body}`);
  const { max_tokens, random_seed, tool_choice, safe_prompt } = JSON.parse(body);
  assert.deepEqual([max_tokens, random_seed, tool_choice, safe_prompt], [7, 8, "none", true]);
});

test("the operator's safety prompt is on every request, and only where it is set", async () => {
  assert.equal((await sent(plain, { settings: { "safe-prompt": "true" } })).safe_prompt, true);
  assert.ok(!("safe_prompt" in (await sent(plain, { settings: { "safe-prompt": "false" } }))));
});

test("a base URL stands in for the host, and the trace goes on", async () => {
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const { url, headers } = await exchange(plain, { baseUrl: "http://127.0.0.1:9/eu", traceparent });
  assert.deepEqual([url, headers.get("traceparent")], ["http://127.0.0.1:9/eu/v1/chat/completions", traceparent]);
});

test("a setting that makes no sense is named", async () => {
  for (const setting of ["safe-prompt", "max-retries"]) {
    const call = new Upstream().complete(adapter, plain, { settings: { [setting]: "many" } });
    await assert.rejects(call, { kind: "internal", message: new RegExp(setting) });
  }
});

test("it asks for one host and one key", () => {
  const { hosts, credentials } = adapter.describe();
  assert.deepEqual(hosts, ["https://api.mistral.ai"]);
  assert.deepEqual(
    credentials?.map(({ name, host, placement }) => [name, host, placement]),
    [["api-key", "https://api.mistral.ai", { tag: "bearer" }]],
  );
});
