// Claude models on Anthropic's own npm SDK, unchanged: it sends through `fetch`, and the key that it is given is a
// dummy which the host replaces on the way out. Shows how an SDK is used; what it leaves out, the README lists. The
// whole of the API is in guests/anthropic-ts.

import Anthropic from "@anthropic-ai/sdk";
import { AdapterError, type ChatRequest, type Context, defineAdapter } from "@caisson/adapter";

import { chatAnswer } from "./conversions/answer.ts";
import { messageParams } from "./conversions/request.ts";
import { Decoder } from "./conversions/stream.ts";
import { adapterError } from "./failures.ts";

const HOST = "https://api.anthropic.com";

export default defineAdapter({
  describe: () => ({
    name: "anthropic-sdk",
    version: "0.1.0",
    description: "Claude models on Anthropic's own npm SDK: texts, images, functions, thinking",
    models: [{ id: "claude-*", capabilities: ["chat", "stream", "tools", "images", "reasoning", "json-schema"] }],
    hosts: [HOST],
    credentials: [
      {
        name: "api-key",
        host: HOST,
        placement: { tag: "header", val: "x-api-key" },
        description: "An API key from the Claude Console",
      },
    ],
    suites: ["anthropic"],
  }),

  async complete(context, request) {
    return chatAnswer(await create(context, request, false));
  },

  async *stream(context, request) {
    const events = await create(context, request, true);
    // The provider has agreed: what fails from here on is told inside the stream.
    yield [];
    const decoder = new Decoder();
    try {
      for await (const each of events) yield decoder.decode(each);
    } catch (thrown) {
      throw adapterError(thrown);
    }
    // The SDK ends quietly where the provider does, and skips what is no event of its own.
    if (!decoder.isStopped) throw AdapterError.upstream("the stream broke off before its end");
  },
});

function create(context: Context, request: ChatRequest, stream: false): Promise<Anthropic.Message>;
function create(
  context: Context,
  request: ChatRequest,
  stream: true,
): Promise<AsyncIterable<Anthropic.RawMessageStreamEvent>>;
async function create(context: Context, request: ChatRequest, stream: boolean): Promise<unknown> {
  const client = new Anthropic({
    apiKey: "the host puts the real one in its place",
    baseURL: context.baseUrlOr(HOST),
    // OpenAI's clients send again themselves.
    maxRetries: 0,
    // The SDK takes the sandbox for a browser, where a real key would be at risk.
    dangerouslyAllowBrowser: true,
  });
  const params = messageParams(request);
  try {
    return await client.messages.create({ ...params, stream });
  } catch (thrown) {
    throw adapterError(thrown);
  }
}
