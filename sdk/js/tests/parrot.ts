// An adapter for a made-up API that streams server-sent events. Not for any real provider.

import {
  AdapterError,
  configuredRetry,
  type Context,
  decodeSse,
  defineAdapter,
  event,
  messageText,
  readJson,
  type ChatRequest,
  sendOk,
} from "../src/index.ts";

const HOST = "https://api.parrot.example";

interface Speech {
  said: string;
  heard: number;
  spoken: number;
}

export default defineAdapter({
  describe: () => ({
    name: "parrot",
    version: "0.1.0",
    description: "Parrot's speech API",
    hosts: [HOST],
    credentials: [
      { name: "api-key", host: HOST, placement: { tag: "bearer" }, description: "from parrot.example/keys" },
    ],
    settings: [{ name: "max-retries", description: "how often to send again", defaultValue: "0" }],
    models: [{ id: "macaw-*", capabilities: ["chat", "stream"] }],
  }),

  async complete(context, request) {
    const speech = (await readJson(await speak(context, request, "speak"))) as Speech;
    return {
      choices: [{ message: { content: speech.said } }],
      usage: { input: speech.heard, output: speech.spoken },
    };
  },

  async *stream(context, request) {
    yield* decodeSse(await speak(context, request, "speak-slowly"), ({ data }) => event.text(data));
  },
});

function speak(context: Context, { model, messages, maxTokens }: ChatRequest, how: string): Promise<Response> {
  const question = messages.map(messageText).at(-1);
  if (!question) throw AdapterError.invalidRequest("the last message has no text", { param: "messages" });
  return sendOk(`${context.baseUrlOr(HOST)}/v1/${how}`, {
    json: { bird: model, question, words: maxTokens },
    retry: configuredRetry(context),
  });
}
