// Requests and contexts as the host would give them, from no more than a test cares about.

import type { ChatRequest, Content, Draft, EmbedRequest, Message, Tool } from "../api.ts";
import { Context } from "../context.ts";
import { message } from "../records.ts";
import { count, decimal, flag, list, optional, pairs, record, type Shape, text, variant } from "../shape.ts";

/** What a test says of a context: settings and headers as objects. */
export interface ContextDraft {
  settings?: { readonly [name: string]: string };
  headers?: { readonly [name: string]: string };
  baseUrl?: string;
  traceparent?: string;
  timeoutMs?: number;
}

/** A context as the host would give it to a deployment with these settings. */
export function context(about: ContextDraft = {}): Context {
  return new Context({
    requestId: "req-test",
    traceparent: about.traceparent,
    baseUrl: about.baseUrl,
    settings: Object.entries(about.settings ?? {}),
    headers: Object.entries(about.headers ?? {}),
    timeoutMs: about.timeoutMs ?? 60_000,
  });
}

/** A chat request: what is left out is what the host gives where the client said nothing. */
export function chatRequest(draft: Draft<ChatRequest>): ChatRequest {
  return request({ n: 1, model: "", ...draft }, "");
}

/** A user's message. */
export function user(content: Draft<Content>): Draft<Message> {
  return { role: "user", content };
}

/** An embeddings request for these texts. */
export function embedRequest(texts: readonly string[], draft: Omit<Draft<EmbedRequest>, "input"> = {}): EmbedRequest {
  return {
    model: draft.model ?? "",
    input: { tag: "texts", val: [...texts] },
    dimensions: draft.dimensions,
    user: draft.user,
    extra: pairs()(draft.extra, "extra"),
  };
}

const extra = pairs();

const biases: Shape<[string, number][]> = (value) => (value as [string, number][] | undefined) ?? [];

const request = record<ChatRequest>({
  model: text(),
  messages: list(message),
  tools: list(
    record<Tool>({
      kind: text("function"),
      name: text(),
      description: optional(text()),
      parameters: optional(text()),
      strict: optional(flag),
      extra,
    }),
  ),
  toolChoice: optional(variant({ auto: null, none: null, required: null, named: text(), other: text() })),
  parallelToolCalls: optional(flag),
  responseFormat: optional(variant({ text: null, "json-object": null, "json-schema": text(), other: text() })),
  maxTokens: optional(count),
  temperature: optional(decimal),
  topP: optional(decimal),
  n: count,
  stop: list(text()),
  seed: optional((value) => value as bigint),
  frequencyPenalty: optional(decimal),
  presencePenalty: optional(decimal),
  logitBias: biases,
  logprobs: flag,
  topLogprobs: optional(count),
  reasoningEffort: optional(text()),
  modalities: list(text()),
  user: optional(text()),
  metadata: pairs(true),
  extra,
});
