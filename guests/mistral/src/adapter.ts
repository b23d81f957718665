// Mistral's API as a Caisson adapter: chat, whole and streamed, with tools, images, documents, audio and thinking, and
// embeddings. Its agents, conversations, OCR and fill-in-the-middle endpoints are not spoken.

import { AdapterError, defineAdapter, type EventDraft, readText, sseBatches } from "@caisson/adapter";

import { HOST, post, safePrompt } from "./client.ts";
import { chatAnswer } from "./conversions/answer.ts";
import { embedAnswer, embeddingsRequest } from "./conversions/embeddings.ts";
import { completionsRequest } from "./conversions/request.ts";
import { Decoder } from "./conversions/stream.ts";

/** OpenAI's parameters that reach Mistral in some form. */
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
  "n",
  "stop",
  "seed",
  "frequency_penalty",
  "presence_penalty",
  "stream",
  "reasoning_effort",
  "prediction",
  "prompt_cache_key",
  "metadata",
  "input",
  "dimensions",
];

export default defineAdapter({
  describe: () => ({
    name: "mistral",
    version: "0.1.0",
    description: "Mistral's chat and embedding models over its own API, in TypeScript",
    parameters: PARAMETERS,
    hosts: [HOST],
    credentials: [
      { name: "api-key", host: HOST, placement: { tag: "bearer" }, description: "An API key from Mistral's console" },
    ],
    settings: [
      {
        name: "safe-prompt",
        description: "true puts Mistral's safety prompt before every conversation, whatever the client asks",
        defaultValue: "false",
      },
      { name: "max-retries", description: "How often to send a failed request again", defaultValue: "0" },
    ],
  }),

  async complete(context, request) {
    const body = completionsRequest(request, { safePrompt: safePrompt(context), stream: false });
    return chatAnswer(await readText(await post(context, "chat/completions", body)));
  },

  async *stream(context, request) {
    const body = completionsRequest(request, { safePrompt: safePrompt(context), stream: true });
    const response = await post(context, "chat/completions", body);
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
      if (decoder.isDone) return;
    }
    if (!decoder.isWhole) throw AdapterError.upstream("the stream broke off before its end");
  },

  async embed(context, request) {
    const body = await readText(await post(context, "embeddings", embeddingsRequest(request)));
    return embedAnswer(body, request.input.val.length);
  },
});
