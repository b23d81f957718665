// What an author writes: an object, or an instance of a class, with these methods. How it reaches the host is in
// `component`.

import type {
  AdapterInfoDraft,
  ChatRequest,
  ChatResponseDraft,
  EmbedRequest,
  EmbedResponseDraft,
  EventDraft,
} from "./api.ts";
import type { Context } from "./context.ts";

/** One event, or several that came together. */
export type EventBatch = EventDraft | readonly EventDraft[];

/** A program that speaks one provider's API. Each call runs in a fresh instance, so nothing is kept between calls. */
export interface Adapter {
  /** What this adapter is and wants. Called at upload, without egress; the same answer every time. */
  describe(): AdapterInfoDraft;

  /** One whole answer. */
  complete?(context: Context, request: ChatRequest): ChatResponseDraft | Promise<ChatResponseDraft>;

  /**
   * A streamed answer, as a rule an async generator. What it throws before its first `yield` still becomes an HTTP
   * status, what it throws after that only an event: send the request and look at its status first.
   */
  stream?(context: Context, request: ChatRequest): EventStream | Promise<EventStream>;

  /** One vector for each input, in order. */
  embed?(context: Context, request: EmbedRequest): EmbedResponseDraft | Promise<EmbedResponseDraft>;
}

/** What `stream` gives. */
export type EventStream = AsyncIterable<EventBatch> | Iterable<EventBatch>;

/** The adapter itself: for its types in plain JavaScript, and to have a mistyped method name found. */
export function defineAdapter(adapter: Adapter): Adapter {
  return adapter;
}
