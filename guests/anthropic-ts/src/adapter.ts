// Anthropic's Messages API as a Caisson adapter: chat, whole and streamed, with tools, images, documents, thinking and
// prompt caching. There are no embeddings, since Anthropic has none.

import { AdapterError, defineAdapter, type EventDraft, readText, sseBatches } from "@caisson/adapter";

import { DEFAULT_MAX_TOKENS, HOST, post, VERSION } from "./client.ts";
import { chatAnswer } from "./conversions/answer.ts";
import { messagesRequest } from "./conversions/request.ts";
import { Decoder } from "./conversions/stream.ts";
import { knownModels } from "./models.ts";

/** OpenAI's parameters that reach Anthropic in some form. */
const PARAMETERS = [
  "model",
  "messages",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "response_format",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "stop",
  "stream",
  "reasoning_effort",
  "user",
  "metadata",
  "service_tier",
];

export default defineAdapter({
  describe: () => ({
    name: "anthropic-ts",
    version: "0.1.0",
    description: "Claude models over Anthropic's Messages API, in TypeScript",
    models: knownModels(),
    parameters: PARAMETERS,
    hosts: [HOST],
    credentials: [
      {
        name: "api-key",
        host: HOST,
        placement: { tag: "header", val: "x-api-key" },
        description: "An API key from the Claude Console",
      },
    ],
    settings: [
      { name: "anthropic-version", description: "The API version to ask for", defaultValue: VERSION },
      { name: "anthropic-beta", description: "Beta features to switch on, comma-separated" },
      {
        name: "default-max-tokens",
        description: "The answer's cap where a request sets none",
        defaultValue: String(DEFAULT_MAX_TOKENS),
      },
      { name: "max-retries", description: "How often to send a failed request again", defaultValue: "0" },
    ],
    suites: ["anthropic"],
  }),

  async complete(context, request) {
    const defaultMax = context.wholeNumber("default-max-tokens", DEFAULT_MAX_TOKENS);
    const response = await post(context, messagesRequest(request, defaultMax, false));
    return chatAnswer(await readText(response));
  },

  async *stream(context, request) {
    const defaultMax = context.wholeNumber("default-max-tokens", DEFAULT_MAX_TOKENS);
    const response = await post(context, messagesRequest(request, defaultMax, true));
    // The provider has agreed: what fails from here on is told inside the stream.
    yield [];
    const decoder = new Decoder();
    for await (const batch of sseBatches(response)) {
      const events: EventDraft[] = [];
      try {
        for (const { data } of batch) decoder.decode(data, events);
      } catch (failure) {
        if (events.length > 0) yield events;
        throw failure;
      }
      yield events;
      if (decoder.isStopped) return;
    }
    throw AdapterError.upstream("the stream broke off before its end");
  },
});
