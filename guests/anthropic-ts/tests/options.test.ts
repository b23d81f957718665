// Everything of a request but its messages and its thinking: tools, formats, sampling, caps, headers, and the fields
// that go through or stay behind.

import assert from "node:assert/strict";
import { test } from "node:test";

import type { ChatRequest, Draft, Tool } from "@caisson/adapter";
import { type ContextDraft, Reply, type Sent, Upstream, user } from "@caisson/adapter/testing";

import adapter from "../src/adapter.ts";
import { ask, fixture, plain, refused, sent } from "./asks.ts";

const EPHEMERAL = { type: "ephemeral" };

const asking = (more: Draft<ChatRequest>): ChatRequest => ask([user("Ahoy?")], more);

async function sentTools(...tools: Draft<Tool>[]): Promise<any> {
  return (await sent(asking({ tools }))).tools;
}

async function exchange(request: ChatRequest, about?: ContextDraft): Promise<Sent> {
  const upstream = new Upstream(Reply.json(200, fixture("message.json")));
  await upstream.complete(adapter, request, about);
  return upstream.requests[0]!;
}

test("functions become tools with an input schema", async () => {
  const tide: Draft<Tool> = {
    name: "tide",
    description: "Tide tables",
    strict: true,
    parameters: '{"type":"object","properties":{"port":{"type":"string"}}}',
    extra: { cache_control: EPHEMERAL },
  };
  assert.deepEqual(await sentTools(tide, { name: "now", strict: false }), [
    {
      name: "tide",
      description: "Tide tables",
      input_schema: { type: "object", properties: { port: { type: "string" } } },
      strict: true,
      cache_control: EPHEMERAL,
    },
    { name: "now", input_schema: { type: "object" } },
  ]);
});

test("what a client left inside the function stands beside it", async () => {
  const extra = { function: { cache_control: EPHEMERAL }, defer_loading: true };
  const expected = { name: "tide", input_schema: { type: "object" }, cache_control: EPHEMERAL, defer_loading: true };
  assert.deepEqual(await sentTools({ name: "tide", extra }), [expected]);
});

test("a schema without a type gets the one that Anthropic wants", async () => {
  for (const [parameters, schema] of [
    ["{}", { type: "object" }],
    [" { } ", { type: "object" }],
    ['{"properties":{}}', { type: "object", properties: {} }],
  ] as const) {
    assert.deepEqual((await sentTools({ name: "now", parameters }))[0].input_schema, schema);
  }
});

test("parameters that are no schema are refused with their place", async () => {
  for (const parameters of ["{", "[]", "true", ""]) {
    const error = await refused(asking({ tools: [{ name: "a" }, { name: "b", parameters }] }));
    assert.deepEqual([error.kind, error.param], ["invalid-request", "tools[1].function.parameters"]);
  }
});

test("Anthropic's own tools go through and free-text tools do not", async () => {
  const search = { kind: "web_search_20250305", name: "", extra: { name: "web_search", max_uses: 5 } };
  assert.deepEqual(await sentTools(search), [{ type: "web_search_20250305", name: "web_search", max_uses: 5 }]);
  const error = await refused(asking({ tools: [{ kind: "custom", name: "sql" }] }));
  assert.deepEqual([error.kind, error.param], ["unsupported", "tools[0]"]);
});

test("tool choices have their counterparts", async () => {
  const cases: [Draft<ChatRequest>, unknown][] = [
    [{}, undefined],
    [{ toolChoice: { tag: "auto" } }, { type: "auto" }],
    [{ toolChoice: { tag: "none" }, parallelToolCalls: false }, { type: "none" }],
    [{ toolChoice: { tag: "required" }, parallelToolCalls: true }, { type: "any" }],
    [
      { toolChoice: { tag: "named", val: "tide" }, parallelToolCalls: false },
      { type: "tool", name: "tide", disable_parallel_tool_use: true },
    ],
    [{ parallelToolCalls: false }, { type: "auto", disable_parallel_tool_use: true }],
    [{ toolChoice: { tag: "other", val: '{"type":"any","new":1}' } }, { type: "any", new: 1 }],
  ];
  for (const [more, expected] of cases) {
    assert.deepEqual((await sent(asking({ tools: [{ name: "tide" }], ...more }))).tool_choice, expected);
  }
  const without = await sent(asking({ toolChoice: { tag: "auto" }, parallelToolCalls: false }));
  assert.ok(!("tool_choice" in without), "without tools there is no choice to send");
});

test("a JSON schema is the output format", async () => {
  const schema = { type: "object", properties: {} };
  const val = JSON.stringify({ name: "tide", strict: true, schema });
  const responseFormat: ChatRequest["responseFormat"] = { tag: "json-schema", val };
  const body = await sent(asking({ responseFormat, extra: { output_config: { effort: "low" } } }));
  assert.deepEqual(body.output_config, { effort: "low", format: { type: "json_schema", schema } });
  const error = await refused(asking({ responseFormat: { tag: "json-schema", val: "{}" } }));
  assert.equal(error.param, "response_format.json_schema");
});

test("formats without a counterpart ask for nothing", async () => {
  for (const tag of ["text", "json-object"] as const) {
    assert.ok(!("output_config" in (await sent(asking({ responseFormat: { tag } })))));
  }
});

test("sampling and stops are mapped and temperature is capped", async () => {
  const body = await sent(asking({ maxTokens: 77, temperature: 1.7, topP: 0.5, stop: ["END"] }));
  assert.deepEqual([body.max_tokens, body.temperature, body.top_p, body.stop_sequences], [77, 1, 0.5, ["END"]]);
  assert.equal((await sent(asking({ temperature: 0.2 }))).temperature, 0.2);
});

test("more than one choice is refused", async () => {
  const error = await refused(asking({ n: 2 }));
  assert.deepEqual([error.kind, error.param], ["unsupported", "n"]);
});

test("what has no counterpart is left out", async () => {
  const body = await sent(
    asking({
      seed: 1n,
      frequencyPenalty: 0.5,
      presencePenalty: 0.5,
      logitBias: [["1", 1]],
      logprobs: true,
      topLogprobs: 2,
      modalities: ["text"],
      metadata: { order: "7" },
      extra: { store: true, prediction: {}, stream: true },
    }),
  );
  assert.deepEqual(Object.keys(body).sort(), ["max_tokens", "messages", "model"]);
});

test("fields of Anthropic's own go through as they are", async () => {
  const extra: [string, string][] = [
    ["top_k", "5"],
    ["container", '"container_1"'],
    ["mcp_servers", '[{"type":"url","url":"https://mcp.example"}]'],
    ["invented_next_year", "1.0"],
  ];
  const { body } = await exchange(asking({ extra }));
  for (const [name, value] of extra) assert.ok(body.includes(`"${name}":${value}`), body);
});

test("no field is sent twice", async () => {
  const extra = { max_tokens: 1, system: "mine", stop_sequences: ["mine"], metadata: { user_id: "mine" } };
  const { body } = await exchange(asking({ extra, stop: ["END"] }));
  for (const name of Object.keys(extra)) assert.equal(body.split(`"${name}"`).length, 2, `${name} in ${body}`);
  const { stop_sequences, system, max_tokens } = JSON.parse(body);
  assert.deepEqual([stop_sequences, system, max_tokens], [["END"], "mine", 4096]);
});

test("the end user is named by the closest field", async () => {
  const all = { metadata: { user_id: "id-1" }, user: "id-2", extra: { safety_identifier: "id-3" } };
  for (const [more, user_id] of [
    [all, "id-1"],
    [{ ...all, metadata: {} }, "id-2"],
    [{ extra: all.extra }, "id-3"],
  ] as const) {
    assert.deepEqual((await sent(asking(more))).metadata, { user_id });
  }
});

test("service tiers have their counterparts", async () => {
  for (const [tier, expected] of [
    ["auto", "auto"],
    ["priority", "auto"],
    ["default", "standard_only"],
    ["standard_only", "standard_only"],
    ["flex", undefined],
  ]) {
    assert.equal((await sent(asking({ extra: { service_tier: tier } }))).service_tier, expected);
  }
});

test("the request goes to the messages endpoint without a key", async () => {
  const { method, url, headers } = await exchange(plain);
  assert.deepEqual([method, url], ["POST", "https://api.anthropic.com/v1/messages"]);
  assert.deepEqual(Object.fromEntries(headers), {
    "anthropic-version": "2023-06-01",
    "content-type": "application/json",
  });
});

test("settings change address, headers and cap", async () => {
  const { url, headers, json } = await exchange(plain, {
    baseUrl: "http://127.0.0.1:9/claude",
    headers: { "Anthropic-Beta": "files-api-2025-04-14" },
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    settings: {
      "anthropic-version": "2030-01-01",
      "anthropic-beta": "context-1m-2025-08-07",
      "default-max-tokens": "9000",
    },
  });
  assert.equal(url, "http://127.0.0.1:9/claude/v1/messages");
  assert.equal(headers.get("anthropic-version"), "2030-01-01");
  assert.equal(headers.get("anthropic-beta"), "context-1m-2025-08-07,files-api-2025-04-14");
  assert.match(headers.get("traceparent") ?? "", /^00-0af7/);
  assert.equal((json() as any).max_tokens, 9000);
});

test("a setting that is no number is named", async () => {
  for (const setting of ["default-max-tokens", "max-retries"]) {
    const call = new Upstream().complete(adapter, plain, { settings: { [setting]: "many" } });
    await assert.rejects(call, { kind: "internal", message: new RegExp(setting) });
  }
});

test("it asks for one host and one key, and admits Claude models that it does not know", () => {
  const { hosts, credentials, models, suites } = adapter.describe();
  assert.deepEqual([hosts, suites], [["https://api.anthropic.com"], ["anthropic"]]);
  assert.deepEqual(
    credentials?.map(({ name, host, placement }) => [name, host, placement]),
    [["api-key", "https://api.anthropic.com", { tag: "header", val: "x-api-key" }]],
  );
  assert.equal(models?.at(-1)?.id, "claude-*");
});
