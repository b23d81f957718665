// The adapter sample: text, whole or streamed, and embeddings, over the API that OpenAI made and many others speak.
//
// A beginning: put your provider's API in its place. It maps no functions, no images and no sampling parameters.

import {
  AdapterError,
  type ChatRequest,
  type Context,
  type Draft,
  decodeSse,
  defineAdapter,
  event,
  type EventDraft,
  type FinishReason,
  messageText,
  readJson,
  sendOk,
  type Usage,
} from "@caisson/adapter";

const HOST = "https://api.openai.com";

/** An answer, or a piece of one; of its fields, those that are used here. */
interface Said {
  choices?: { message?: Text; delta?: Text; finish_reason?: string | null }[];
  usage?: Counts | null;
  error?: { message?: string };
}

interface Text {
  content?: string | null;
}

interface Counts {
  prompt_tokens: number;
  completion_tokens?: number;
}

interface Found {
  data: { embedding: number[] }[];
  usage?: Counts;
}

export default defineAdapter({
  describe: () => ({
    name: "sample",
    version: "0.1.0",
    description: "Text and embeddings over OpenAI's API",
    hosts: [HOST],
    credentials: [
      { name: "api-key", host: HOST, placement: { tag: "bearer" }, description: "from platform.openai.com/api-keys" },
    ],
    models: [
      { id: "gpt-*", capabilities: ["chat", "stream"] },
      { id: "text-embedding-*", capabilities: ["embed"] },
    ],
  }),

  async complete(context, request) {
    const said = (await readJson(await post(context, "chat/completions", chat(request)))) as Said;
    const [choice] = said.choices ?? [];
    if (!choice) throw AdapterError.upstream("the provider's answer has no choices");
    const message = { content: choice.message?.content ?? "" };
    return { choices: [{ message, finishReason: finish(choice.finish_reason) }], usage: usage(said.usage) };
  },

  async *stream(context, request) {
    // What fails before the first `yield` still becomes the answer's status; later, an event in a stream that has begun.
    const body = { ...chat(request), stream: true, stream_options: { include_usage: true } };
    yield* decodeSse(await post(context, "chat/completions", body), ({ data }) => decode(data));
  },

  async embed(context, { model, input }) {
    if (input.tag !== "texts") throw AdapterError.unsupported("token ids as input");
    const found = (await readJson(await post(context, "embeddings", { model, input: input.val }))) as Found;
    return { vectors: found.data.map(({ embedding }) => new Float32Array(embedding)), usage: usage(found.usage) };
  },
});

/** Sends a request, without the key: the host adds it. What is no success throws the provider's status and words. */
function post(context: Context, path: string, json: unknown): Promise<Response> {
  return sendOk(`${context.baseUrlOr(`${HOST}/v1`)}/${path}`, { json });
}

function chat({ model, messages, tools, maxTokens }: ChatRequest): object {
  if (tools.length > 0) throw AdapterError.unsupported("tools", { param: "tools" });
  const roles: Record<string, string> = { developer: "system", tool: "user" };
  const mapped = messages.map((message) => ({
    role: roles[message.role] ?? message.role,
    content: messageText(message),
  }));
  return { model, messages: mapped, max_tokens: maxTokens };
}

/** What one event of the provider's stream says. */
function decode(data: string): EventDraft[] {
  const said = JSON.parse(data) as Said;
  if (said.error) throw AdapterError.upstream(said.error.message ?? "the provider failed");
  const [choice] = said.choices ?? [];
  const counts = usage(said.usage);
  return [
    ...(choice?.delta?.content ? [event.text(choice.delta.content)] : []),
    ...(choice?.finish_reason ? [event.finish(finish(choice.finish_reason))] : []),
    ...(counts ? [event.usage(counts)] : []),
  ];
}

function finish(reason: string | null | undefined): Draft<FinishReason> {
  if (!reason || reason === "stop") return "stop";
  if (reason === "length") return "length";
  return reason === "content_filter" ? "content-filter" : { tag: "other", val: reason };
}

function usage(counts: Counts | null | undefined): Draft<Usage> | undefined {
  return counts ? { input: counts.prompt_tokens, output: counts.completion_tokens ?? 0 } : undefined;
}
