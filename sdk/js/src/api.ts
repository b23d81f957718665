// The contract's types, made from wit/ by `npm run bindings`, under names of their own; and what an author may write
// instead of a whole record: `Draft`. How a draft becomes a record is in `records`.
/// <reference path="../bindings/adapter.d.ts" preserve="true" />

import type * as api from "caisson:llm/api@0.1.0";

export type {
  AdapterInfo,
  ChatAnswer,
  ChatRequest,
  ChatResponse,
  Choice,
  Content,
  CredentialSlot,
  EmbedInput,
  EmbedRequest,
  EmbedResponse,
  ErrorKind,
  Event,
  Finish,
  FinishReason,
  LogprobsDelta,
  Media,
  Message,
  ModelInfo,
  OtherDelta,
  Pairs,
  Part,
  Placement,
  Reasoning,
  ReasoningDelta,
  ResponseFormat,
  Role,
  Setting,
  SigningScheme,
  Source,
  StreamStart,
  TextDelta,
  TextPart,
  TokenLogprob,
  Tool,
  ToolCall,
  ToolChoice,
  ToolDelta,
  TopLogprob,
  Usage,
} from "caisson:llm/api@0.1.0";
export type { Context as ContextRecord, Error as ErrorRecord } from "caisson:llm/api@0.1.0";

/** `extra` fields: pairs of a name and JSON text, or an object whose values become JSON. */
export type Extra = api.Pairs | { readonly [name: string]: unknown };

/**
 * What an author may write for a value of the contract. Every field may be left out that has an empty value (`""`,
 * `0`, `false`, `[]`). A text may stand for a message's content, a word for a finish reason.
 */
export type Draft<T> = [T] extends [string | number | bigint | boolean | undefined]
  ? T
  : [T] extends [api.Pairs | undefined]
    ? Extra | undefined
    : [T] extends [api.Content]
      ? string | DraftCase<T> | undefined
      : [T] extends [api.FinishReason]
        ? "stop" | "length" | "tool-calls" | "content-filter" | DraftCase<T>
        : [T] extends [Uint8Array | undefined]
          ? ArrayLike<number> | undefined
          : [T] extends [Float32Array | undefined]
            ? ArrayLike<number> | undefined
            : [T] extends [readonly (infer E)[] | undefined]
              ? readonly Draft<E>[] | undefined
              : [T] extends [{ tag: string } | undefined]
                ? DraftCase<T>
                : { [K in keyof T]?: Draft<T[K]> | undefined };

type DraftCase<T> = T extends { tag: infer Tag; val: infer Val }
  ? { tag: Tag; val: Draft<Val> }
  : T extends { tag: infer Tag }
    ? { tag: Tag }
    : T;

export type AdapterInfoDraft = Draft<api.AdapterInfo> & { name: string; version: string };
export type MessageDraft = Draft<api.Message>;
export type ChatAnswerDraft = Draft<api.ChatAnswer>;
/** A whole answer, its text alone, or OpenAI's object as `raw` JSON. */
export type ChatResponseDraft = string | ChatAnswerDraft | Draft<api.ChatResponse>;
/** One step of a stream; a string is more text of choice 0. */
export type EventDraft = string | Draft<api.Event>;
export type EmbedResponseDraft = Draft<api.EmbedResponse>;
