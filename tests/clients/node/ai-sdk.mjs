// Runs the AI SDK, with its provider for OpenAI-compatible servers, against a Caisson server. For the
// end-to-end tests, which start the server and read what this prints; the environment says what to talk
// to (see ../README.md).

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, RetryError, embedMany, generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";
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

// The library warns about settings that a model lacks; that isn't what is tested here.
globalThis.AI_SDK_LOG_WARNINGS = false;

const provider = (apiKey) =>
  createOpenAICompatible({ name: "caisson", baseURL: environment.baseUrl, apiKey, includeUsage: true });
const caisson = provider(environment.apiKey);

const conversation = (text) => ({
  system: "Say back what you hear.",
  messages: [
    { role: "user", content: "An earlier question" },
    { role: "assistant", content: "An earlier answer" },
    { role: "user", content: text },
  ],
});

const weather = (heard) => ({
  get_weather: tool({
    description: "The weather in a city.",
    inputSchema: jsonSchema({ type: "object", properties: { city: { type: "string" } }, required: ["city"] }),
    execute: async ({ city }) => (heard.push(city), toolResult),
  }),
});

const text = "Does the ferry – fähre 🚢 – leave at noon?";

// Checks of one chat model.

async function textIsGenerated(model) {
  const answer = await generateText({ model: caisson(model), ...conversation(text) });
  expectWithin("text", answer.text, text);
  expect("finish reason", answer.finishReason, "stop");
  expectUsage(answer.usage);
  expectSomeText("id", answer.response.id);
  expectSomeText("model", answer.response.modelId);
}

function expectUsage(usage) {
  expectAboveZero("input tokens", usage.inputTokens);
  expectAboveZero("output tokens", usage.outputTokens);
  expect("total tokens", usage.totalTokens, usage.inputTokens + usage.outputTokens);
}

async function textIsStreamed(model) {
  const stream = streamText({ model: caisson(model), ...conversation(text), onError: () => {} });
  const parts = await partsOf(stream);
  expect("errors", parts.filter((part) => part.type === "error").map((part) => part.error), []);
  const deltas = parts.filter((part) => part.type === "text-delta");
  expectWithin("text", deltas.map((part) => part.text).join(""), text);
  expect("finish reason", await stream.finishReason, "stop");
  expectUsage(await stream.usage);
}

async function partsOf(stream) {
  const parts = [];
  for await (const part of stream.fullStream) parts.push(part);
  return parts;
}

async function toolRunsBetweenTwoAnswers(model) {
  const heard = [];
  const answer = await generateText({
    model: caisson(model),
    ...conversation("What is the weather in Bergen?"),
    tools: weather(heard),
    stopWhen: stepCountIs(2),
  });
  expectToolRound(answer.steps, heard);
}

function expectToolRound(steps, heard) {
  expect("number of steps", steps.length, 2);
  expect("finish reason of the first step", steps[0].finishReason, "tool-calls");
  expect("tools called", steps[0].toolCalls.map((call) => call.toolName), ["get_weather"]);
  expectSomeText("id of the call", steps[0].toolCalls[0].toolCallId);
  expect("types of the cities", heard.map((city) => typeof city), ["string"]);
  expect("finish reason of the second step", steps[1].finishReason, "stop");
  expectWithin("answer to the result", steps[1].text, toolResult);
}

async function toolRunsBetweenTwoStreams(model) {
  const heard = [];
  const stream = streamText({
    model: caisson(model),
    ...conversation("What is the weather in Bergen?"),
    tools: weather(heard),
    stopWhen: stepCountIs(2),
    onError: () => {},
  });
  const parts = await partsOf(stream);
  expect("errors", parts.filter((part) => part.type === "error").map((part) => part.error), []);
  expectToolRound(await stream.steps, heard);
}

// Checks of one model that thinks where it is asked to.

async function reasoningIsStreamed(model) {
  const providerOptions = { caisson: { reasoningEffort: "low" } };
  const stream = streamText({ model: caisson(model), ...conversation(text), providerOptions, onError: () => {} });
  const parts = await partsOf(stream);
  expect("errors", parts.filter((part) => part.type === "error").map((part) => part.error), []);
  expectSomeText("reasoning", await stream.reasoningText);
  expectWithin("text", await stream.text, text);
}

// Checks of one embedding model.

async function valuesAreEmbedded(model) {
  const values = ["The ferry leaves at noon.", "Fähre 🚢"];
  const answer = await embedMany({ model: caisson.embeddingModel(model), values });
  expect("number of vectors", answer.embeddings.length, 2);
  expectAboveZero("length of a vector", answer.embeddings[0].length);
  expect("types of the numbers", [...new Set(answer.embeddings.flat().map((number) => typeof number))], ["number"]);
  expectAboveZero("tokens", answer.usage.tokens);
}

// Checks of the server.

const ask = (model, from = caisson) => generateText({ model: from(model), ...conversation("Anyone?") });

async function unknownModelIsAnError() {
  const error = await expectFault("unknown model", APICallError, () => ask("nowhere/nothing"));
  expect("status", error.statusCode, 404);
  expectErrorObject("unknown model", error.data?.error);
  expect("code", error.data.error.code, "model_not_found");
}

async function wrongKeyIsAnError() {
  const error = await expectFault("wrong key", APICallError, () => ask("any", provider("sk-wrong")));
  expect("status", error.statusCode, 401);
}

/** One call: the library sends it three times, which the test counts at the upstream. */
async function rateLimitIsRetriedThenRaised() {
  const error = await expectFault("rate limit", RetryError, () => ask(environment.faultModel));
  expect("reason", error.reason, "maxRetriesExceeded");
  expect("statuses", error.errors.map((each) => each.statusCode), [429, 429, 429]);
  expect("retry-after-ms", error.lastError.responseHeaders["retry-after-ms"], "1");
}

async function faultInsideAStreamIsAnError() {
  const stream = streamText({ model: caisson(environment.streamFaultModel), ...conversation("Break"), onError: () => {} });
  const parts = await partsOf(stream);
  const types = parts.map((part) => part.type);
  expect("text before the error", types.includes("text-delta"), true);
  const errors = parts.filter((part) => part.type === "error");
  expect("number of errors", errors.length, 1);
}

const each = (models, checks) =>
  models.flatMap((model) => checks.map((check) => [`${check.name} ${model}`, () => check(model)]));
const one = (wanted, check) => (wanted ? [[check.name, check]] : []);

await runAll([
  ...each(environment.models, [textIsGenerated, textIsStreamed, toolRunsBetweenTwoAnswers, toolRunsBetweenTwoStreams]),
  ...each(environment.thinkingModels, [reasoningIsStreamed]),
  ...each(environment.embedModels, [valuesAreEmbedded]),
  ...one(true, unknownModelIsAnError),
  ...one(environment.checkAuth, wrongKeyIsAnError),
  ...one(environment.faultModel, rateLimitIsRetriedThenRaised),
  ...one(environment.streamFaultModel, faultInsideAStreamIsAnError),
]);
