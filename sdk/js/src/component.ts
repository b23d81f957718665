// Carries an adapter over the contract's exports, so that nothing it answers or throws can trap the guest: drafts
// become records, whatever is thrown becomes the contract's error. Runs in Node as well; the tests do.

import type { Adapter, EventBatch, EventStream } from "./adapter.ts";
import type {
  AdapterInfo,
  ChatRequest,
  ChatResponse,
  ContextRecord,
  EmbedRequest,
  EmbedResponse,
  Event,
} from "./api.ts";
import { Context } from "./context.ts";
import { AdapterError } from "./error.ts";
import * as log from "./log.ts";
import { adapterInfo, chatResponse, embedResponse, errorRecord, event } from "./records.ts";
import { wrong } from "./shape.ts";

/** The exported resource: one streamed answer. */
export class Events {
  #source: AsyncIterator<EventBatch> | Iterator<EventBatch>;
  /** Waited for before the stream was opened. */
  #first: IteratorResult<EventBatch> | undefined;

  private constructor(source: AsyncIterator<EventBatch> | Iterator<EventBatch>) {
    this.#source = source;
  }

  /** Starts the stream and waits for its first step, so that a refusal still becomes an HTTP status. */
  static async open(stream: EventStream): Promise<Events> {
    const events = new Events(iterator(stream));
    events.#first = await events.#source.next();
    return events;
  }

  async next(): Promise<Event[] | undefined> {
    return answering("stream", async () => {
      const step = this.#first ?? (await this.#source.next());
      this.#first = undefined;
      if (step.done) return undefined;
      const batch: readonly unknown[] = Array.isArray(step.value) ? step.value : [step.value];
      return batch.map((each) => event(each, "an event"));
    });
  }
}

/** The exports of interface `provider`. */
export interface Provider {
  Events: typeof Events;
  describe(): AdapterInfo;
  complete(context: ContextRecord, request: ChatRequest): Promise<ChatResponse>;
  openStream(context: ContextRecord, request: ChatRequest): Promise<Events>;
  embed(context: ContextRecord, request: EmbedRequest): Promise<EmbedResponse>;
}

/** The exports that an adapter stands behind. */
export function component(adapter: Adapter): Provider {
  return {
    Events,

    // Has no error to give: what is thrown here ends the upload, and its message is in the guest's log.
    describe: () => adapterInfo(adapter.describe(), ""),

    complete: (context, request) =>
      answering("complete", async () => {
        if (!adapter.complete) throw AdapterError.unsupported("whole answers");
        return chatResponse(await adapter.complete(new Context(context), request), "");
      }),

    openStream: (context, request) =>
      answering("stream", async () => {
        if (!adapter.stream) throw AdapterError.unsupported("streamed answers");
        return Events.open(await adapter.stream(new Context(context), request));
      }),

    embed: (context, request) =>
      answering("embed", async () => {
        if (!adapter.embed) throw AdapterError.unsupported("embeddings");
        return embedResponse(await adapter.embed(new Context(context), request), "");
      }),
  };
}

/** The bindings take a thrown plain object for the contract's error, and a thrown `Error` for a fault to trap on. */
async function answering<T>(method: string, answer: () => Promise<T>): Promise<T> {
  try {
    return await answer();
  } catch (thrown) {
    const error = AdapterError.from(thrown);
    if (error !== thrown && thrown instanceof Error && error.kind === "internal") {
      log.error(`${method}: ${thrown.name}: ${thrown.message}\n${thrown.stack ?? ""}`);
    }
    const { kind, message, status, param, code, retryAfterMs, body } = error;
    throw readable({ kind, message, status, param, code, retryAfterMs, body });
  }
}

function readable(error: object): object {
  try {
    return errorRecord(error, "an error");
  } catch (thrown) {
    return errorRecord({ kind: "internal", message: (thrown as Error).message }, "an error");
  }
}

function iterator(stream: unknown): AsyncIterator<EventBatch> | Iterator<EventBatch> {
  if (typeof stream === "object" && stream !== null) {
    if (Symbol.asyncIterator in stream) return (stream as AsyncIterable<EventBatch>)[Symbol.asyncIterator]();
    if (Symbol.iterator in stream) return (stream as Iterable<EventBatch>)[Symbol.iterator]();
  }
  return wrong(stream, "what `stream` returns", "something to iterate, as an async generator gives");
}
