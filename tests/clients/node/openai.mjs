// Runs the official OpenAI client for Node against a Caisson server. For the end-to-end tests, which
// start the server and read what this prints; the environment says what to talk to (see ../README.md).

import OpenAI from "openai";
import {
  environment,
  expect,
  expectAboveZero,
  expectErrorObject,
  expectFault,
  expectSomeText,
  expectWithin,
  runAll,
  toolResult,
} from "./check.mjs";

const client = new OpenAI({ baseURL: environment.baseUrl, apiKey: environment.apiKey });

const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather in a city.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

// More than one turn, so that an adapter that takes the wrong message is found out.
const conversation = (text) => [
  { role: "system", content: "Say back what you hear." },
  { role: "user", content: "An earlier question" },
  { role: "assistant", content: "An earlier answer" },
  { role: "user", content: text },
];

const text = "Does the ferry – fähre 🚢 – leave at noon?";

// Checks of one chat model.

async function chatAnswers(model) {
  const answer = await client.chat.completions.create({ model, messages: conversation(text) });
  expectPlainAnswer(answer, text);
  expectSomeText("request id", answer._request_id);
}

function expectPlainAnswer(answer, wanted) {
  expect("object", answer.object, "chat.completion");
  expectSomeText("id", answer.id);
  expectSomeText("model", answer.model);
  expectAboveZero("created", answer.created);
  expect("number of choices", answer.choices.length, 1);
  const [choice] = answer.choices;
  expect("index", choice.index, 0);
  expect("role", choice.message.role, "assistant");
  expectWithin("content", choice.message.content, wanted);
  expect("refusal", choice.message.refusal, null);
  expect("logprobs", choice.logprobs, null);
  expect("finish reason", choice.finish_reason, "stop");
  expectUsage(answer.usage);
}

function expectUsage(usage) {
  expectAboveZero("prompt tokens", usage?.prompt_tokens);
  expectAboveZero("completion tokens", usage?.completion_tokens);
  expect("total tokens", usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
}

async function streamFlows(model) {
  const chunks = await allOf(await client.chat.completions.create({ model, messages: conversation(text), stream: true }));
  expectPlainStream(chunks, text);
  for (const chunk of chunks) {
    expect("number of choices in a chunk", chunk.choices.length, 1);
    expect("usage that nobody asked for", chunk.usage ?? null, null);
  }
}

async function allOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

function expectPlainStream(chunks, wanted) {
  expectOneAnswer(chunks);
  expectWithin("content", contentOf(chunks), wanted);
  expect("finish reasons", finishReasons(chunks), ["stop"]);
}

/** What holds for the chunks of every stream. */
function expectOneAnswer(chunks) {
  expect("objects of the chunks", distinct(chunks, "object"), ["chat.completion.chunk"]);
  for (const field of ["id", "model", "created"]) {
    expect(`number of values of ${field}`, distinct(chunks, field).length, 1);
  }
  expectSomeText("id", chunks[0].id);
  expectSomeText("model", chunks[0].model);
  const roles = deltasOf(chunks).map((delta) => delta.role ?? null);
  expect("first role", roles[0], "assistant");
  expect("roles after the first", roles.slice(1).filter(Boolean), []);
}

const distinct = (chunks, field) => [...new Set(chunks.map((chunk) => chunk[field]))];
const choicesOf = (chunks) => chunks.flatMap((chunk) => chunk.choices);
const deltasOf = (chunks) => choicesOf(chunks).map((choice) => choice.delta);
const contentOf = (chunks) => deltasOf(chunks).map((delta) => delta.content ?? "").join("");
const finishReasons = (chunks) => choicesOf(chunks).map((choice) => choice.finish_reason).filter(Boolean);

async function streamCountsTokens(model) {
  const chunks = await allOf(
    await client.chat.completions.create({
      model,
      messages: conversation("Count me"),
      stream: true,
      stream_options: { include_usage: true },
    }),
  );
  expectPlainStream(chunks, "Count me");
  const last = chunks.pop();
  expect("choices of the last chunk", last.choices, []);
  expectUsage(last.usage);
  for (const chunk of chunks) expect("usage before the last chunk", chunk.usage, null);
}

async function toolIsCalledAndAnswered(model) {
  const messages = conversation("What is the weather in Bergen?");
  let answer = await client.chat.completions.create({ model, messages, tools: [weather] });
  expect("finish reason", answer.choices[0].finish_reason, "tool_calls");
  const { message } = answer.choices[0];
  expect("number of calls", message.tool_calls?.length, 1);
  const [call] = message.tool_calls;
  expect("kind of call", call.type, "function");
  expectCall(call);
  messages.push(message, { role: "tool", tool_call_id: call.id, content: toolResult });
  answer = await client.chat.completions.create({ model, messages, tools: [weather] });
  expect("finish reason after the result", answer.choices[0].finish_reason, "stop");
  expectWithin("answer to the result", answer.choices[0].message.content, toolResult);
}

function expectCall(call) {
  expectSomeText("id of the call", call.id);
  expect("name of the tool", call.function.name, "get_weather");
  expect(`type of the city in ${call.function.arguments}`, typeof JSON.parse(call.function.arguments).city, "string");
}

async function toolIsCalledAndAnsweredInStreams(model) {
  const messages = conversation("What is the weather in Bergen?");
  let chunks = await allOf(await client.chat.completions.create({ model, messages, tools: [weather], stream: true }));
  expectOneAnswer(chunks);
  expect("finish reasons", finishReasons(chunks), ["tool_calls"]);
  const call = foldedCall(chunks);
  expectCall(call);
  messages.push({ role: "assistant", tool_calls: [call] }, { role: "tool", tool_call_id: call.id, content: toolResult });
  chunks = await allOf(await client.chat.completions.create({ model, messages, tools: [weather], stream: true }));
  expectOneAnswer(chunks);
  expect("finish reasons after the result", finishReasons(chunks), ["stop"]);
  expectWithin("answer to the result", contentOf(chunks), toolResult);
}

function foldedCall(chunks) {
  const fragments = deltasOf(chunks).flatMap((delta) => delta.tool_calls ?? []);
  expect("indexes of the call's fragments", distinct(fragments, "index"), [0]);
  const [first, ...rest] = fragments;
  expect("kind of call", first.type, "function");
  for (const fragment of rest) expect("id of a later fragment", fragment.id ?? first.id, first.id);
  const parts = fragments.map((fragment) => fragment.function?.arguments ?? "");
  return { id: first.id, type: "function", function: { name: first.function.name, arguments: parts.join("") } };
}

async function streamHelperFoldsTheAnswer(model) {
  const stream = client.chat.completions.stream({
    model,
    messages: conversation("Fold me"),
    stream_options: { include_usage: true },
  });
  expectPlainAnswer(await stream.finalChatCompletion(), "Fold me");
}

async function toolRunnerFinishes(model) {
  const heard = [];
  const runner = client.chat.completions.runTools({
    model,
    messages: conversation("What is the weather in Bergen?"),
    tools: [
      {
        type: "function",
        function: { ...weather.function, parse: JSON.parse, function: ({ city }) => (heard.push(city), toolResult) },
      },
    ],
  });
  expectWithin("answer of the runner", await runner.finalContent(), toolResult);
  expect("number of runs of the tool", heard.length, 1);
}

async function clientMayLeaveAStream(model) {
  const stream = await client.chat.completions.create({ model, messages: conversation("I am off"), stream: true });
  for await (const _ of stream) break;
  const answer = await client.chat.completions.create({ model, messages: conversation("I am back") });
  expectPlainAnswer(answer, "I am back");
}

async function modelIsFound(model) {
  const found = await client.models.retrieve(model);
  expect("id", found.id, model);
  expect("object", found.object, "model");
}

async function badMessageNamesItsField(model) {
  const messages = [{ role: "user", content: "Hello" }, { role: "user", content: 5 }];
  const error = await expectFault("content that is a number", OpenAI.BadRequestError, () =>
    client.chat.completions.create({ model, messages }),
  );
  expectErrorObject("content that is a number", error.error);
  expect("param", error.param, "messages[1].content");
  expect("type", error.type, "invalid_request_error");
  expectSomeText("request id", error.requestID);
}

async function toolsAreRefused(model) {
  const error = await expectFault("tools", OpenAI.BadRequestError, () =>
    client.chat.completions.create({ model, messages: conversation("Well?"), tools: [weather] }),
  );
  expectErrorObject("tools", error.error);
  expect("code and param", [error.code, error.param], ["unsupported", "tools"]);
}

async function upstreamsLimitIsPassedOn(model) {
  for (const stream of [false, true]) {
    const what = `rate limit, stream ${stream}`;
    const error = await expectFault(what, OpenAI.RateLimitError, () =>
      client.chat.completions.create({ model, messages: conversation("Well?"), stream }, { maxRetries: 0 }),
    );
    expectErrorObject(what, error.error);
    expect(`${what}: status`, error.status, 429);
    expect(`${what}: retry-after`, error.headers.get("retry-after"), "2");
    expect(`${what}: retry-after-ms`, error.headers.get("retry-after-ms"), "2000");
  }
}

async function embeddingsAreRefused(model) {
  const error = await expectFault("embeddings", OpenAI.BadRequestError, () =>
    client.embeddings.create({ model, input: "The tide" }),
  );
  expectErrorObject("embeddings", error.error);
  expect("code", error.code, "unsupported");
}

// Checks of one model that thinks where it is asked to.

async function thinkingIsFoldedAndSentBack(model) {
  const messages = conversation("What is the weather in Bergen?");
  const wanted = { model, tools: [weather], reasoning_effort: "low" };
  const stream = client.chat.completions.stream({ ...wanted, messages });
  const { message } = (await stream.finalChatCompletion()).choices[0];
  const [block] = message.thinking_blocks;
  expect("type of the block", block.type, "thinking");
  expectSomeText("signature of the block", block.signature);
  const [call] = message.tool_calls;
  expectCall(call);
  messages.push(message, { role: "tool", tool_call_id: call.id, content: toolResult });
  const answer = await client.chat.completions.create({ ...wanted, messages });
  expectWithin("answer to the result", answer.choices[0].message.content, toolResult);
}

// Checks of one embedding model.

async function embeddingsComeAsTheClientAsks(model) {
  const input = ["The ferry leaves at noon.", "Fähre 🚢"];
  const byDefault = await client.embeddings.create({ model, input });
  const asFloats = await client.embeddings.create({ model, input, encoding_format: "float" });
  const asBase64 = await client.embeddings.create({ model, input, encoding_format: "base64" });
  expect("type on the wire", asBase64.data.map((item) => typeof item.embedding), ["string", "string"]);
  const vectors = (answer) => answer.data.map((item) => [...Float32Array.from(item.embedding)]);
  expect("vectors as floats", vectors(asFloats), vectors(byDefault));
  expectAboveZero("length of the vectors", byDefault.data[0].embedding.length);
  expect("two texts have the same vector", vectors(byDefault)[0].join() === vectors(byDefault)[1].join(), false);
  expect("indexes", byDefault.data.map((item) => item.index), [0, 1]);
  expectAboveZero("prompt tokens", byDefault.usage.prompt_tokens);
}

// Checks of the server.

async function modelsAreListed() {
  const listed = await allOf(await client.models.list());
  const ids = listed.map((model) => model.id);
  ids.forEach((id) => expectSomeText("id", id));
  expect("ids that occur twice", ids.length - new Set(ids).size, 0);
  for (const name of environment.listedModels) expect(`${name} among ${ids}`, ids.includes(name), true);
}

async function unknownModelIsNotFound() {
  const request = { model: "nowhere/nothing", messages: conversation("Anyone?") };
  for (const stream of [false, true]) {
    const error = await expectFault(`unknown model, stream ${stream}`, OpenAI.NotFoundError, () =>
      client.chat.completions.create({ ...request, stream }),
    );
    expectErrorObject("unknown model", error.error);
    expect("code", error.code, "model_not_found");
  }
  await expectFault("unknown model", OpenAI.NotFoundError, () => client.models.retrieve(request.model));
}

async function wrongKeyIsRefused() {
  const error = await expectFault("wrong key", OpenAI.AuthenticationError, () =>
    new OpenAI({ baseURL: environment.baseUrl, apiKey: "sk-wrong" }).models.list(),
  );
  expectErrorObject("wrong key", error.error);
  expect("code", error.code, "invalid_api_key");
}

async function everyStatusHasItsClass() {
  for (const [status, fault] of [
    [400, OpenAI.BadRequestError],
    [401, OpenAI.AuthenticationError],
    [403, OpenAI.PermissionDeniedError],
    [404, OpenAI.NotFoundError],
    [409, OpenAI.ConflictError],
    [422, OpenAI.UnprocessableEntityError],
    [429, OpenAI.RateLimitError],
    [500, OpenAI.InternalServerError],
    [503, OpenAI.InternalServerError],
  ]) {
    const request = { model: `${environment.statusModels}${status}`, messages: conversation("Well?") };
    const error = await expectFault(`status ${status}`, fault, () =>
      client.chat.completions.create(request, { maxRetries: 0 }),
    );
    expectErrorObject(`status ${status}`, error.error);
    expect(`code at status ${status}`, error.code, "provider_error");
  }
}

/** One call: the client sends it three times, which the test counts at the upstream. */
async function rateLimitIsRetriedThenRaised() {
  const error = await expectFault("rate limit", OpenAI.RateLimitError, () =>
    client.chat.completions.create({ model: environment.faultModel, messages: conversation("Too much?") }),
  );
  expectErrorObject("rate limit", error.error);
  expect("retry-after-ms", error.headers.get("retry-after-ms"), "1");
}

async function faultInsideAStreamIsRaised() {
  const stream = await client.chat.completions.create({
    model: environment.streamFaultModel,
    messages: conversation("Break"),
    stream: true,
  });
  const chunks = [];
  const error = await expectFault("stream that breaks", OpenAI.APIError, async () => {
    for await (const chunk of stream) chunks.push(chunk);
  });
  expect("chunks before the error, at least one", chunks.length > 0, true);
  expectErrorObject("stream that breaks", error.error);
  expect("finish reasons", finishReasons(chunks), []);
}

const textChecks = [
  chatAnswers,
  streamFlows,
  streamCountsTokens,
  streamHelperFoldsTheAnswer,
  clientMayLeaveAStream,
  modelIsFound,
  badMessageNamesItsField,
];
const toolChecks = [toolIsCalledAndAnswered, toolIsCalledAndAnsweredInStreams, toolRunnerFinishes];
const each = (models, checks) =>
  models.flatMap((model) => checks.map((check) => [`${check.name} ${model}`, () => check(model)]));
const one = (wanted, check) => (wanted ? [[check.name, check]] : []);

await runAll([
  ...each(environment.models, [...textChecks, ...toolChecks]),
  ...each(environment.textModels, [...textChecks, toolsAreRefused]),
  ...each(environment.limitedModels, [upstreamsLimitIsPassedOn]),
  ...each(environment.thinkingModels, [thinkingIsFoldedAndSentBack]),
  ...each(environment.embedModels, [embeddingsComeAsTheClientAsks]),
  ...each(environment.noEmbedModels, [embeddingsAreRefused]),
  ...one(true, modelsAreListed),
  ...one(true, unknownModelIsNotFound),
  ...one(environment.checkAuth, wrongKeyIsRefused),
  ...one(environment.statusModels, everyStatusHasItsClass),
  ...one(environment.faultModel, rateLimitIsRetriedThenRaised),
  ...one(environment.streamFaultModel, faultInsideAStreamIsRaised),
]);
