// Every record that an adapter gives back, field by field, with what stands for a field left out. The compiler holds
// this against the contract's types: a field too many or too few fails the build.

import type {
  AdapterInfo,
  ChatAnswer,
  ChatResponse,
  Choice,
  Content,
  CredentialSlot,
  EmbedResponse,
  ErrorKind,
  ErrorRecord,
  Event,
  Finish,
  FinishReason,
  Media,
  Message,
  ModelInfo,
  Part,
  Placement,
  Reasoning,
  ReasoningDelta,
  Role,
  Setting,
  Source,
  StreamStart,
  TextDelta,
  TextPart,
  TokenLogprob,
  ToolCall,
  ToolDelta,
  TopLogprob,
  Usage,
} from "./api.ts";
import {
  bytes,
  count,
  decimal,
  flag,
  list,
  optional,
  pairs,
  record,
  type Shape,
  status,
  text,
  variant,
  vector,
  word,
} from "./shape.ts";

const extra = pairs();

const roles: Record<Role, true> = { system: true, developer: true, user: true, assistant: true, tool: true };

const errorKinds: Record<ErrorKind, true> = {
  internal: true,
  "invalid-request": true,
  authentication: true,
  permission: true,
  "not-found": true,
  conflict: true,
  "too-large": true,
  "rate-limited": true,
  "quota-exceeded": true,
  "context-length": true,
  "content-filtered": true,
  unsupported: true,
  timeout: true,
  upstream: true,
};

const textPart = record<TextPart>({ text: text(), extra });

const reasoning = record<Reasoning>({ text: text(""), signature: optional(text()), redacted: flag });

const source = variant<Source>({ url: text(), base64: text(), id: text() });

const media = record<Media>({
  source,
  mimeType: optional(text()),
  fileName: optional(text()),
  detail: optional(text()),
  extra,
});

const part = variant<Part>({
  text: textPart,
  image: media,
  audio: media,
  file: media,
  refusal: textPart,
  reasoning,
  other: text(),
});

const contentCase = variant<Content>({ empty: null, text: text(), parts: list(part) });

const content: Shape<Content> = (value, path) => {
  if (value === undefined || value === null) return { tag: "empty" };
  return typeof value === "string" ? { tag: "text", val: value } : contentCase(value, path);
};

const toolCall = record<ToolCall>({
  id: text(""),
  kind: text("function"),
  name: text(),
  arguments: text(""),
  extra,
});

/** A message, of a request or an answer. */
export const message = record<Message>({
  role: word(roles, "assistant"),
  name: optional(text()),
  content,
  refusal: optional(text()),
  reasoning: list(reasoning),
  toolCalls: list(toolCall),
  toolCallId: optional(text()),
  extra,
});

const finishCase = variant<FinishReason>({
  stop: null,
  length: null,
  "tool-calls": null,
  "content-filter": null,
  other: text(),
});

const finishReason: Shape<FinishReason> = (value, path) => {
  if (value === undefined || value === null) return { tag: "stop" };
  return finishCase(typeof value === "string" ? { tag: value } : value, path);
};

const topLogprob = record<TopLogprob>({ token: text(), logprob: decimal, bytes: optional(bytes) });

const tokenLogprob = record<TokenLogprob>({
  token: text(),
  logprob: decimal,
  bytes: optional(bytes),
  top: list(topLogprob),
});

const choice = record<Choice>({
  index: count,
  message: (value, path) => message(value ?? {}, path),
  finishReason,
  logprobs: list(tokenLogprob),
  extra,
});

const usage = record<Usage>({
  input: count,
  output: count,
  total: count,
  cachedInput: optional(count),
  cacheWriteInput: optional(count),
  audioInput: optional(count),
  reasoningOutput: optional(count),
  audioOutput: optional(count),
  extra,
});

const chatAnswer = record<ChatAnswer>({
  id: optional(text()),
  model: optional(text()),
  choices: list(choice),
  usage: optional(usage),
  serviceTier: optional(text()),
  systemFingerprint: optional(text()),
  extra,
});

const responseCase = variant<ChatResponse>({ answer: chatAnswer, raw: text() });

/** What `complete` gives. */
export const chatResponse: Shape<ChatResponse> = (value, path) => {
  if (typeof value === "string") {
    return { tag: "answer", val: chatAnswer({ choices: [{ message: { content: value } }] }, path) };
  }
  const tagged = typeof value === "object" && value !== null && "tag" in value;
  return tagged ? responseCase(value, path) : { tag: "answer", val: chatAnswer(value, path) };
};

const textDelta = record<TextDelta>({ choice: count, text: text("") });

const eventCase = variant<Event>({
  start: record<StreamStart>({
    id: optional(text()),
    model: optional(text()),
    serviceTier: optional(text()),
    systemFingerprint: optional(text()),
    extra,
  }),
  text: textDelta,
  refusal: textDelta,
  reasoning: record<ReasoningDelta>({
    choice: count,
    text: text(""),
    signature: optional(text()),
    redacted: flag,
  }),
  tool: record<ToolDelta>({
    choice: count,
    index: count,
    id: optional(text()),
    kind: optional(text()),
    name: optional(text()),
    arguments: text(""),
    extra,
  }),
  logprobs: record({ choice: count, tokens: list(tokenLogprob) }),
  finish: record<Finish>({ choice: count, reason: finishReason }),
  usage,
  other: record({ choice: count, extra }),
  raw: text(),
});

/** One step of a stream. */
export const event: Shape<Event> = (value, path) =>
  typeof value === "string" ? { tag: "text", val: { choice: 0, text: value } } : eventCase(value, path);

/** What `embed` gives. */
export const embedResponse = record<EmbedResponse>({
  model: optional(text()),
  vectors: list(vector),
  usage: optional(usage),
  extra,
});

const placement = variant<Placement>({
  bearer: null,
  header: text(),
  query: text(),
  scheme: record({ name: text(), parameters: pairs(true) }),
});

/** What `describe` gives. */
export const adapterInfo = record<AdapterInfo>({
  name: text(),
  version: text(),
  description: text(""),
  homepage: optional(text()),
  models: list(
    record<ModelInfo>({
      id: text(),
      capabilities: list(text()),
      contextTokens: optional(count),
      outputTokens: optional(count),
      extra,
    }),
  ),
  parameters: list(text()),
  hosts: list(text()),
  credentials: list(
    record<CredentialSlot>({
      name: text(),
      host: text(),
      placement,
      description: text(""),
      // Useless without it unless said otherwise, as in the other kits.
      required: (value, path) => flag(value ?? true, path),
    }),
  ),
  settings: list(
    record<Setting>({ name: text(), description: text(""), defaultValue: optional(text()), required: flag }),
  ),
  suites: list(text()),
});

/** Why there is no answer. */
export const errorRecord = record<ErrorRecord>({
  kind: word(errorKinds, "internal"),
  message: text(""),
  status,
  param: optional(text()),
  code: optional(text()),
  retryAfterMs: optional(count),
  body: optional(text()),
});
