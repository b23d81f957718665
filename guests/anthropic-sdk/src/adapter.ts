// Claude models on Anthropic's own npm SDK, unchanged: it sends through `fetch`, and the key that it is given is a
// dummy which the host replaces on the way out. Shows how an SDK is used; texts and functions only. The whole of the
// API is in guests/anthropic-ts.

import Anthropic from "@anthropic-ai/sdk";
import { AdapterError, type ChatRequest, type Context, defineAdapter, event, type EventDraft } from "@caisson/adapter";

import { adapterError, finishReason, messageParams, toolCall, usage } from "./conversions.ts";

const HOST = "https://api.anthropic.com";

export default defineAdapter({
  describe: () => ({
    name: "anthropic-sdk",
    version: "0.1.0",
    description: "Claude models on Anthropic's own npm SDK: texts and functions",
    models: [{ id: "claude-*", capabilities: ["chat", "stream", "tools"] }],
    hosts: [HOST],
    credentials: [
      {
        name: "api-key",
        host: HOST,
        placement: { tag: "header", val: "x-api-key" },
        description: "An API key from the Claude Console",
      },
    ],
  }),

  async complete(context, request) {
    const message = await create(context, request, false);
    const text = message.content.map((block) => (block.type === "text" ? block.text : "")).join("");
    return {
      id: message.id,
      model: message.model,
      choices: [
        {
          message: { content: text, toolCalls: message.content.flatMap(toolCall) },
          finishReason: finishReason(message.stop_reason),
        },
      ],
      usage: usage(message.usage),
    };
  },

  async *stream(context, request) {
    const events = await create(context, request, true);
    // The provider has agreed: what fails from here on is told inside the stream.
    yield [];
    const calls = new Map<number, number>();
    let whole = false;
    try {
      for await (const each of events) {
        whole = each.type === "message_stop";
        yield streamEvents(each, calls);
      }
    } catch (thrown) {
      throw adapterError(thrown);
    }
    // The SDK ends quietly where the provider does, and skips what is no event of its own.
    if (!whole) throw AdapterError.upstream("the stream broke off before its end");
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
  try {
    return await client.messages.create({ ...messageParams(request), stream });
  } catch (thrown) {
    throw adapterError(thrown);
  }
}

/** `calls` gives each block that is a call its place among them. */
function streamEvents(each: Anthropic.RawMessageStreamEvent, calls: Map<number, number>): EventDraft[] {
  switch (each.type) {
    case "message_start":
      return [event.start({ id: each.message.id, model: each.message.model })];
    case "content_block_start": {
      const [call] = toolCall(each.content_block);
      if (!call) return [];
      const index = calls.size;
      calls.set(each.index, index);
      return [event.tool({ index, id: call.id, name: call.name })];
    }
    case "content_block_delta":
      if (each.delta.type === "text_delta") return [event.text(each.delta.text)];
      if (each.delta.type !== "input_json_delta") return [];
      return [event.tool({ index: calls.get(each.index) ?? 0, arguments: each.delta.partial_json })];
    case "message_delta":
      return [event.finish(finishReason(each.delta.stop_reason)), event.usage(usage(each.usage))];
    default:
      return [];
  }
}
